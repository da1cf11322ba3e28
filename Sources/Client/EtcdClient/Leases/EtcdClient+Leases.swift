internal import EtcdAPI

/// A lease that was granted.
public struct LeaseGrant: Hashable, Sendable {
    public let id: LeaseID
    /// The time to live that the server chose: whole seconds, at least what was asked for.
    public let ttl: Duration
}

/// The state of a lease.
public struct LeaseStatus: Hashable, Sendable {
    public let id: LeaseID
    /// The time to live that was granted.
    public let grantedTTL: Duration
    /// Time until it expires, in whole seconds.
    public let remaining: Duration
    /// The keys that it deletes, if they were asked for.
    public let keys: [[UInt8]]
}

extension EtcdClient {
    /// Grants a lease, which nobody renews: see `withLease` for one that is.
    ///
    /// - Parameters:
    ///   - ttl: time to live, rounded up to whole seconds.
    ///   - id: nil lets the server choose one.
    /// - Throws: `leaseExists`, `leaseTTLTooLarge`, `noSpace`, and the errors of availability.
    public func grantLease(
        ttl: Duration, id: LeaseID? = nil, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> LeaseGrant {
        let request = LeaseGrantRequest(ttlSeconds: ttl.secondsRoundedUp, id: id?.rawValue ?? 0)
        let response: Etcdserverpb_LeaseGrantResponse = try await cluster.unary(
            .leaseGrant, request, timeout: timeout)
        guard let id = LeaseID(response.id) else { throw .malformedResponse("no lease ID") }
        return LeaseGrant(id: id, ttl: .seconds(response.ttl))
    }

    /// Revokes a lease; its keys are deleted.
    ///
    /// - Throws: `leaseNotFound`, `permissionDenied`, and the errors of availability.
    public func revokeLease(
        _ id: LeaseID, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        let request = LeaseRevokeRequest(id: id.rawValue)
        _ = try await cluster.unary(.leaseRevoke, request.encoded(), timeout: timeout)
    }

    /// Renews a lease once.
    ///
    /// - Returns: The time to live from now on.
    /// - Throws: `leaseNotFound` if the lease has expired, and the errors of availability.
    @discardableResult
    public func renewLease(
        _ id: LeaseID, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> Duration {
        let request = LeaseKeepAliveRequest(id: id.rawValue)
        let response: Etcdserverpb_LeaseKeepAliveResponse = try await cluster.unary(
            .leaseKeepAlive, request, timeout: timeout)
        guard response.ttl > 0 else { throw EtcdClientError(EtcdError.leaseNotFound) }
        return .seconds(response.ttl)
    }

    /// The state of a lease; nil if it does not exist.
    public func leaseStatus(
        _ id: LeaseID, returnsKeys: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> LeaseStatus? {
        var request = Etcdserverpb_LeaseTimeToLiveRequest()
        request.id = id.rawValue
        request.keys = returnsKeys
        let response: Etcdserverpb_LeaseTimeToLiveResponse = try await cluster.unary(
            .leaseTimeToLive, request, timeout: timeout)
        guard response.ttl >= 0 else { return nil }
        return LeaseStatus(
            id: id, grantedTTL: .seconds(response.grantedTtl), remaining: .seconds(response.ttl),
            keys: response.keys.compactMap { prefix.keyOfNamespace($0) })
    }

    /// The IDs of all leases, in no order.
    public func leases(timeout: Duration? = nil) async throws(EtcdClientError) -> [LeaseID] {
        let response: Etcdserverpb_LeaseLeasesResponse = try await cluster.unary(
            .leaseLeases, Etcdserverpb_LeaseLeasesRequest(), timeout: timeout)
        return response.leases.compactMap { LeaseID($0.id) }
    }
}

extension KeyPrefix {
    /// A key without the prefix; nil if it is not one of this namespace.
    fileprivate func keyOfNamespace(_ key: some Sequence<UInt8>) -> [UInt8]? {
        let key = Array(key)
        return key.starts(with: bytes) ? removed(from: key[...]) : nil
    }
}

extension Duration {
    fileprivate var secondsRoundedUp: Int64 {
        let (seconds, attoseconds) = components
        return attoseconds > 0 ? seconds + 1 : seconds
    }
}
