/// Errors that etcd returns without a gRPC status; gRPC sends them with the code Unknown.
extension EtcdError {
    package static let notPrimaryLessor = EtcdError(.unknown, "not a primary lessor")
    package static let passwordForNoPasswordUser = EtcdError(
        .unknown, "auth: authentication failed, password was given for no password user")
    /// Not of etcd, which accepts control characters, and ends at a name that is too long.
    package static let userNameInvalid = EtcdError(
        .invalidArgument, "etcdserver: user name is too long or contains control characters")
    /// Not of etcd, as for users.
    package static let roleNameInvalid = EtcdError(
        .invalidArgument, "etcdserver: role name is too long or contains control characters")
    /// The text of Go's bcrypt.
    package static let passwordTooLong = EtcdError(
        .unknown, "bcrypt: password length exceeds 72 bytes")
    /// Not of etcd, which hashes a zero byte like any other.
    package static let passwordInvalid = EtcdError(
        .invalidArgument, "etcdserver: password contains a zero byte")
    /// The text of golang-jwt for a key that does not fit the method.
    package static let signingKeyInvalid = EtcdError(.unknown, "key is invalid")
    package static let verifyOnlyKey = EtcdError(
        .unknown, "auth: token signing attempted with verify-only key")
    package static let raftStopped = EtcdError(.unknown, "raft: stopped")
    package static let proposalDropped = EtcdError(.unknown, "raft proposal dropped")
    package static let unknownMethod = EtcdError(.unknown, "etcdserver: unknown method")
    package static let leaderTransferTimeout = EtcdError(
        .unknown, "etcdserver: request timed out, leader transfer took too long")
    package static let electionNotLeader = EtcdError(.unknown, "election: not leader")
    package static let electionNoLeader = EtcdError(.unknown, "election: no leader")
    package static let electionMissingLeaderKey = EtcdError(
        .unknown, "\"leader\" field must be provided")
    package static let sessionExpired = EtcdError(.unknown, "mutex: session is expired")
    package static let lostWatcher = EtcdError(.unknown, "lost watcher waiting for delete")
}

/// Errors of calls that fail before or without etcd's own checks.
extension EtcdError {
    package static let contextCanceled = EtcdError(.canceled, "context canceled")
    package static let contextDeadlineExceeded = EtcdError(
        .deadlineExceeded, "context deadline exceeded")
    package static let rangeStreamSortOrder = EtcdError(
        .unimplemented, "RangeStream does not support custom sort orders")
    package static let rangeStreamRevisionFilter = EtcdError(
        .unimplemented, "RangeStream does not support revision filters")

    /// A request above the receive limit.
    package static func messageTooLarge(sizeBytes: Int, bytesMax: Int) -> EtcdError {
        EtcdError(
            .resourceExhausted,
            "grpc: received message larger than max (\(sizeBytes) vs. \(bytesMax))")
    }

    /// A call of a service that is not registered.
    package static func unknownService(_ service: String) -> EtcdError {
        EtcdError(.unimplemented, "unknown service \(service)")
    }

    /// A call of a method that its service does not have.
    package static func unknownMethod(_ method: String, service: String) -> EtcdError {
        EtcdError(.unimplemented, "unknown method \(method) for service \(service)")
    }
}

/// Cancel reasons of watches, which are texts without a code.
package enum WatchCancelReason {
    package static let duplicateID = "mvcc: duplicate watch ID provided on the WatchStream"
    package static let emptyRange = "mvcc: watcher range is empty"
    package static let compacted = EtcdError.compacted.message

    /// The caller may not watch the range. Of other errors than these etcd shows only that.
    package static func refused(_ error: EtcdError) -> String {
        let shown: [EtcdError] = [.invalidAuthToken, .authOldRevision, .userEmpty]
        let error = shown.contains(error) ? error : .permissionDenied
        return "rpc error: code = \(error.code.name) desc = \(error.message)"
    }
}
