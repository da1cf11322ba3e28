/// Errors of downgrade requests.
extension EtcdError {
    package static let wrongDowngradeVersionFormat = EtcdError(
        .invalidArgument, "etcdserver: wrong downgrade target version format")
    package static let invalidDowngradeTargetVersion = EtcdError(
        .invalidArgument, "etcdserver: invalid downgrade target version")
    package static let clusterVersionUnavailable = EtcdError(
        .failedPrecondition, "etcdserver: cluster version not found during downgrade")
    package static let downgradeInProcess = EtcdError(
        .failedPrecondition, "etcdserver: cluster has a downgrade job in progress")
    package static let noInflightDowngrade = EtcdError(
        .failedPrecondition, "etcdserver: no inflight downgrade job")

    static let downgradeErrors: [EtcdError] = [
        .wrongDowngradeVersionFormat, .invalidDowngradeTargetVersion, .clusterVersionUnavailable,
        .downgradeInProcess, .noInflightDowngrade,
    ]
}
