internal import EtcdAPI
internal import GRPC

/// A lease that was granted.
public struct LeaseGrant: Hashable, Sendable {
    public let id: Int64
    /// How long it lives without being kept alive, in seconds.
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
        let answer: Etcdserverpb_LeaseGrantResponse = try await call("Lease/LeaseGrant", request)
        return LeaseGrant(id: answer.id, seconds: answer.ttl)
    }

    /// Ends a lease; its keys are deleted.
    public func revokeLease(_ id: Int64) async throws(EtcdClientError) {
        let request = LeaseRevokeRequest(id: id)
        let _: Etcdserverpb_LeaseRevokeResponse = try await call("Lease/LeaseRevoke", request)
    }

    /// Starts a lease's time anew.
    ///
    /// - Returns: The seconds it lives now. Throws `.leaseNotFound` when it has ended.
    @discardableResult
    public func keepLeaseAlive(_ id: Int64) async throws(EtcdClientError) -> Int64 {
        let request = LeaseKeepAliveRequest(id: id)
        let answer: Etcdserverpb_LeaseKeepAliveResponse = try await call(
            "Lease/LeaseKeepAlive", request)
        guard answer.ttl > 0 else { throw .leaseNotFound }
        return answer.ttl
    }
}
