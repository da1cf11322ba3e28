/// Errors about the availability of the member or its cluster.
extension EtcdError {
    package static let noLeader = EtcdError(.unavailable, "etcdserver: no leader")
    package static let notLeader = EtcdError(.failedPrecondition, "etcdserver: not leader")
    package static let leaderChanged = EtcdError(.unavailable, "etcdserver: leader changed")
    package static let notCapable = EtcdError(.failedPrecondition, "etcdserver: not capable")
    package static let stopped = EtcdError(.unavailable, "etcdserver: server stopped")
    package static let timeout = EtcdError(.unavailable, "etcdserver: request timed out")
    package static let timeoutDueToLeaderFailure = EtcdError(
        .unavailable, "etcdserver: request timed out, possibly due to previous leader failure")
    package static let timeoutDueToConnectionLost = EtcdError(
        .unavailable, "etcdserver: request timed out, possibly due to connection lost")
    package static let timeoutWaitingForAppliedIndex = EtcdError(
        .unavailable, "etcdserver: request timed out, waiting for the applied index took too long")
    /// Meant as ResourceExhausted, but etcd sends Unknown; its client maps it back by the text.
    package static let tooManyRequests = EtcdError(.unknown, "etcdserver: too many requests")
    package static let unhealthy = EtcdError(.unavailable, "etcdserver: unhealthy cluster")
    package static let corrupt = EtcdError(.dataLoss, "etcdserver: corrupt cluster")
    package static let invalidClientAPIVersion = EtcdError(
        .invalidArgument, "etcdserver: invalid client api version")
    package static let canceled = EtcdError(.canceled, "etcdserver: request canceled")
    package static let deadlineExceeded = EtcdError(
        .deadlineExceeded, "etcdserver: context deadline exceeded")

    static let availabilityErrors: [EtcdError] = [
        .noLeader, .notLeader, .leaderChanged, .notCapable, .stopped, .timeout,
        .timeoutDueToLeaderFailure, .timeoutDueToConnectionLost, .timeoutWaitingForAppliedIndex,
        .tooManyRequests, .unhealthy, .corrupt, .invalidClientAPIVersion, .canceled,
        .deadlineExceeded,
    ]
}
