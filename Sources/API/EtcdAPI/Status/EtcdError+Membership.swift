/// Errors of membership changes and leader transfers.
extension EtcdError {
    package static let memberExists = EtcdError(
        .failedPrecondition, "etcdserver: member ID already exist")
    package static let peerURLExists = EtcdError(
        .failedPrecondition, "etcdserver: Peer URLs already exists")
    /// Meant as FailedPrecondition, but etcd sends Unknown; its client maps it back by the text.
    package static let memberNotEnoughStarted = EtcdError(
        .unknown, "etcdserver: re-configuration failed due to not enough started members")
    package static let memberBadURLs = EtcdError(
        .invalidArgument, "etcdserver: given member URLs are invalid")
    package static let memberNotFound = EtcdError(.notFound, "etcdserver: member not found")
    package static let memberNotLearner = EtcdError(
        .failedPrecondition, "etcdserver: can only promote a learner member")
    package static let learnerNotReady = EtcdError(
        .failedPrecondition,
        "etcdserver: can only promote a learner member which is in sync with leader")
    package static let tooManyLearners = EtcdError(
        .failedPrecondition, "etcdserver: too many learner members in cluster")
    package static let clusterIDMismatch = EtcdError(
        .failedPrecondition, "etcdserver: cluster ID mismatch")
    package static let notSupportedForLearner = EtcdError(
        .failedPrecondition, "etcdserver: rpc not supported for learner")
    package static let badLeaderTransferee = EtcdError(
        .failedPrecondition, "etcdserver: bad leader transferee")

    static let membershipErrors: [EtcdError] = [
        .memberExists, .peerURLExists, .memberNotEnoughStarted, .memberBadURLs, .memberNotFound,
        .memberNotLearner, .learnerNotReady, .tooManyLearners, .clusterIDMismatch,
        .notSupportedForLearner, .badLeaderTransferee,
    ]
}
