/// Errors of lease requests.
extension EtcdError {
    package static let leaseNotFound = EtcdError(.notFound, "etcdserver: requested lease not found")
    package static let leaseExists = EtcdError(
        .failedPrecondition, "etcdserver: lease already exists")
    package static let leaseTTLTooLarge = EtcdError(.outOfRange, "etcdserver: too large lease TTL")

    static let leaseErrors: [EtcdError] = [
        .leaseNotFound, .leaseExists, .leaseTTLTooLarge,
    ]
}
