import Testing

@testable import EtcdAPI

/// The errors of etcd 3.7.1: constant, code on the wire, text after `etcdserver: `.
@Suite("Table of errors")
struct EtcdErrorTableTests {
    static let table: [(EtcdError, Int, String)] = [
        (.emptyKey, 3, "key is not provided"),
        (.keyNotFound, 3, "key not found"),
        (.valueProvided, 3, "value is provided"),
        (.leaseProvided, 3, "lease is provided"),
        (.tooManyOperations, 3, "too many operations in txn request"),
        (.duplicateKey, 3, "duplicate key given in txn request"),
        (.invalidSortOption, 3, "invalid sort option"),
        (.compacted, 11, "mvcc: required revision has been compacted"),
        (.futureRevision, 11, "mvcc: required revision is a future revision"),
        (.noSpace, 8, "mvcc: database space exceeded"),
        (.requestTooLarge, 3, "request is too large"),
        (.watchCanceled, 1, "watch canceled"),
        (.leaseNotFound, 5, "requested lease not found"),
        (.leaseExists, 9, "lease already exists"),
        (.leaseTTLTooLarge, 11, "too large lease TTL"),
        (.memberExists, 9, "member ID already exist"),
        (.peerURLExists, 9, "Peer URLs already exists"),
        (.memberNotEnoughStarted, 2, "re-configuration failed due to not enough started members"),
        (.memberBadURLs, 3, "given member URLs are invalid"),
        (.memberNotFound, 5, "member not found"),
        (.memberNotLearner, 9, "can only promote a learner member"),
        (.learnerNotReady, 9, "can only promote a learner member which is in sync with leader"),
        (.tooManyLearners, 9, "too many learner members in cluster"),
        (.clusterIDMismatch, 9, "cluster ID mismatch"),
        (.notSupportedForLearner, 9, "rpc not supported for learner"),
        (.badLeaderTransferee, 9, "bad leader transferee"),
        (.rootUserNotExist, 9, "root user does not exist"),
        (.rootRoleNotExist, 9, "root user does not have root role"),
        (.userAlreadyExists, 9, "user name already exists"),
        (.userEmpty, 3, "user name is empty"),
        (.userNotFound, 9, "user name not found"),
        (.roleAlreadyExists, 9, "role name already exists"),
        (.roleNotFound, 9, "role name not found"),
        (.roleEmpty, 3, "role name is empty"),
        (.authFailed, 3, "authentication failed, invalid user ID or password"),
        (.permissionNotGiven, 3, "permission not given"),
        (.permissionDenied, 7, "permission denied"),
        (.roleNotGranted, 9, "role is not granted to the user"),
        (.permissionNotGranted, 9, "permission is not granted to the role"),
        (.authNotEnabled, 9, "authentication is not enabled"),
        (.invalidAuthToken, 16, "invalid auth token"),
        (.invalidAuthManagement, 3, "invalid auth management"),
        (.authOldRevision, 3, "revision of auth store is old"),
        (.noLeader, 14, "no leader"),
        (.notLeader, 9, "not leader"),
        (.leaderChanged, 14, "leader changed"),
        (.notCapable, 9, "not capable"),
        (.stopped, 14, "server stopped"),
        (.timeout, 14, "request timed out"),
        (
            .timeoutDueToLeaderFailure, 14,
            "request timed out, possibly due to previous leader failure"
        ),
        (.timeoutDueToConnectionLost, 14, "request timed out, possibly due to connection lost"),
        (
            .timeoutWaitingForAppliedIndex, 14,
            "request timed out, waiting for the applied index took too long"
        ),
        (.tooManyRequests, 2, "too many requests"),
        (.unhealthy, 14, "unhealthy cluster"),
        (.corrupt, 15, "corrupt cluster"),
        (.invalidClientAPIVersion, 3, "invalid client api version"),
        (.canceled, 1, "request canceled"),
        (.deadlineExceeded, 4, "context deadline exceeded"),
        (.wrongDowngradeVersionFormat, 3, "wrong downgrade target version format"),
        (.invalidDowngradeTargetVersion, 3, "invalid downgrade target version"),
        (.clusterVersionUnavailable, 9, "cluster version not found during downgrade"),
        (.downgradeInProcess, 9, "cluster has a downgrade job in progress"),
        (.noInflightDowngrade, 9, "no inflight downgrade job"),
    ]

    @Test("has its code and its text, and none is left out")
    func table() {
        for (error, code, text) in Self.table {
            #expect(error.code.rawValue == code, "\(text)")
            #expect(error.message == "etcdserver: " + text)
        }
        #expect(Set(Self.table.map(\.2)).count == EtcdError.listed.count)
    }
}
