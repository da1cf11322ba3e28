internal import EtcdAPI
internal import GRPC

/// A lease that was granted.
public struct LeaseGrant: Hashable, Sendable {
    public let id: Int64
    /// The TTL in seconds.
    public let seconds: Int64
}

extension EtcdClient {
    /// Grants a lease.
    ///
    /// - Parameter id: 0 lets the server choose one.
    public func grantLease(
        seconds: Int64, id: Int64 = 0
    ) async throws(EtcdClientError) -> LeaseGrant {
        let request = LeaseGrantRequest(ttlSeconds: seconds, id: id)
        let response: Etcdserverpb_LeaseGrantResponse = try await call("Lease/LeaseGrant", request)
        return LeaseGrant(id: response.id, seconds: response.ttl)
    }

    /// Revokes a lease; its keys are deleted.
    public func revokeLease(_ id: Int64) async throws(EtcdClientError) {
        let request = LeaseRevokeRequest(id: id)
        let _: Etcdserverpb_LeaseRevokeResponse = try await call("Lease/LeaseRevoke", request)
    }

    /// Renews a lease.
    ///
    /// - Returns: The TTL in seconds. Throws `.leaseNotFound` if the lease has expired.
    @discardableResult
    public func keepLeaseAlive(_ id: Int64) async throws(EtcdClientError) -> Int64 {
        let request = LeaseKeepAliveRequest(id: id)
        let response: Etcdserverpb_LeaseKeepAliveResponse = try await call(
            "Lease/LeaseKeepAlive", request)
        guard response.ttl > 0 else { throw .leaseNotFound }
        return response.ttl
    }
}
