public import Identifiers

extension EtcdClientError {
    /// What happened, and what a program can do about it.
    ///
    /// More cases may be added: a switch needs a default.
    public enum Reason: Hashable, Sendable {
        // MARK: The history

        /// The requested revision is no longer kept. Read the keys again, and watch from the
        /// revision of that read on. A watch knows the compaction's revision, a read does not.
        case compacted(at: Revision?)
        /// The requested revision does not exist yet: it comes from another cluster, or from one
        /// that was restored from a backup.
        case futureRevision

        // MARK: Requests that are refused

        /// A put or a delete has an empty key.
        case emptyKey
        /// A put keeps the value or the lease of a key that does not exist.
        case keyNotFound
        /// A transaction changes one key twice.
        case duplicateKey
        /// A transaction has more operations than the server accepts (128 by default): split it.
        case tooManyOperations
        /// A request is larger than the server accepts (1.5 MiB by default).
        case requestTooLarge
        /// The request is malformed in another way; the message says how.
        case invalidArgument

        // MARK: Leases

        /// The lease has expired or was revoked, or never existed: grant another one.
        case leaseNotFound
        /// A lease with this ID exists.
        case leaseExists
        /// The TTL of a lease is more than 9,000,000,000 seconds.
        case leaseTTLTooLarge
        /// `withLease`, `withLock` or `withElection`: the lease could not be renewed in time.
        /// What it protected may belong to another client now; the body was cancelled.
        case leaseLost
        /// This client does not lead the election any more.
        case notElected

        // MARK: Users

        /// The user may not do this.
        case permissionDenied
        /// Name or password are wrong.
        case authenticationFailed
        /// The cluster needs a user, and the client has none.
        case userRequired
        /// Authentication is disabled: users cannot log in.
        case authNotEnabled
        /// The token is unknown or has expired. The client gets another one if it has a password.
        case invalidToken
        /// The token is older than a change of users or roles: it is renewed like an invalid one.
        case tokenOutdated
        case userNotFound
        case userExists
        case roleNotFound
        case roleExists
        /// A user does not have the role that is to be revoked.
        case roleNotGranted
        /// A role does not have the permission that is to be revoked.
        case permissionNotGranted
        /// Authentication needs a user `root` with the role `root` before it is enabled.
        case rootMissing
        /// The change would lock out `root`.
        case invalidAuthManagement

        // MARK: The cluster

        case memberNotFound
        case memberExists
        /// A member with one of these peer URLs exists.
        case peerURLExists
        /// A learner cannot be promoted before it has caught up: try later.
        case learnerNotReady
        case memberNotLearner
        case tooManyLearners
        /// Too many members are not started or not connected for this change.
        case notEnoughMembers
        /// Learners do not serve this call: use other endpoints.
        case learner
        /// The database is full (alarm NOSPACE): compact, defragment, disarm the alarm.
        case noSpace
        /// The data of a member is damaged (alarm CORRUPT): replace that member.
        case corrupt
        /// The cluster has too much to do: slow down.
        case tooManyRequests

        // MARK: Availability

        /// The member has no leader. Calls are repeated on other members until their timeout.
        case noLeader
        /// The leader changed during a read, which was not served.
        case leaderChanged
        /// The cluster did not commit the request in time. A write may be executed nevertheless.
        case serverTimeout
        /// The call did not end within its timeout. A write may be executed nevertheless.
        case deadlineExceeded
        /// No endpoint could be reached, or the connection was lost during the call:
        /// `isCertainlyNotExecuted` says whether a write may be repeated.
        case unavailable
        /// The task was cancelled. A write may be executed nevertheless.
        case cancelled
        /// `run()` of the client was cancelled.
        case clientClosed
        /// `run()` of the client was not called: no connection is opened before.
        case clientNotRunning
        /// An endpoint, a certificate or another setting cannot be used.
        case invalidConfiguration
        /// With `ordersSerializableReads`: no reachable member is as new as an earlier response.
        case staleMembers

        /// The server is too old for this call.
        case unimplemented
        /// Anything else; the message says what.
        case other
    }
}

extension EtcdClientError.Reason {
    /// The server refuses such calls before it executes anything.
    var isRefusal: Bool {
        switch self {
        case .noLeader, .emptyKey, .tooManyOperations, .requestTooLarge, .permissionDenied,
            .authenticationFailed, .userRequired, .invalidToken, .tokenOutdated, .learner,
            .tooManyRequests, .clientClosed, .clientNotRunning, .invalidConfiguration,
            .unimplemented:
            true
        default: false
        }
    }
}
