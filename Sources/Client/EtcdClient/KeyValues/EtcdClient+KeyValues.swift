internal import EtcdAPI
public import Identifiers

extension EtcdClient {
    /// Puts a value under a key.
    ///
    /// - Parameters:
    ///   - lease: the lease that deletes the key when it expires; nil for none.
    ///   - keepsLease: whether the key keeps the lease that it has; it must exist.
    ///   - timeout: nil takes the one of the configuration, as in all functions.
    /// - Throws: `emptyKey`, `leaseNotFound`, `keyNotFound`, `requestTooLarge`, `noSpace`,
    ///   `permissionDenied` and the errors of availability, as all writes.
    @discardableResult
    public func put(
        _ key: some EtcdBytes, _ value: some EtcdBytes, lease: LeaseID? = nil,
        keepsLease: Bool = false, returnsPrevious: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> PutResponse {
        try await put(
            PutRequest(
                key: prefix.added(to: key.etcdBytes), value: value.etcdBytes[...],
                lease: lease?.rawValue ?? 0, prevKV: returnsPrevious, ignoreLease: keepsLease),
            timeout)
    }

    /// Changes the lease of a key that exists, and keeps its value.
    ///
    /// - Throws: `keyNotFound`, and the errors of `put`.
    @discardableResult
    public func attach(
        _ key: some EtcdBytes, to lease: LeaseID?, returnsPrevious: Bool = false,
        timeout: Duration? = nil
    ) async throws(EtcdClientError) -> PutResponse {
        try await put(
            PutRequest(
                key: prefix.added(to: key.etcdBytes), lease: lease?.rawValue ?? 0,
                prevKV: returnsPrevious, ignoreValue: true),
            timeout)
    }

    private func put(
        _ request: PutRequest, _ timeout: Duration?
    ) async throws(EtcdClientError) -> PutResponse {
        let bytes = try await cluster.unary(.put, request.encoded(), timeout: timeout)
        return try seen(PutResponse(bytes, prefix), \.header)
    }

    /// The pair of one key; nil if the key does not exist.
    ///
    /// - Parameters:
    ///   - revision: the revision to read at; 0 for the newest.
    ///   - isSerializable: whether the member may read its own, possibly older state.
    public func get(
        _ key: some EtcdBytes, revision: Revision = 0, isSerializable: Bool = false,
        timeout: Duration? = nil
    ) async throws(EtcdClientError) -> KeyValuePair? {
        let options = RangeOptions(revision: revision, isSerializable: isSerializable)
        return try await range(.key(key), options, timeout: timeout).pairs.first
    }

    /// Reads keys at one revision. All of the response is in memory: for many keys see `pairs`.
    ///
    /// - Throws: `compacted`, `futureRevision`, `permissionDenied`, and the errors of availability.
    public func range(
        _ keys: KeyRange, _ options: RangeOptions = RangeOptions(), timeout: Duration? = nil
    ) async throws(EtcdClientError) -> RangeResponse {
        let request = RangeRequest(keys, options, prefix).encoded()
        guard options.isSerializable, cluster.configuration.ordersSerializableReads else {
            let method = options.isSerializable ? Method.serializableRange : .range
            let bytes = try await cluster.unary(method, request, timeout: timeout)
            return try seen(RangeResponse(bytes, prefix), \.header)
        }
        return try await orderedRange(request, timeout)
    }

    /// The number of keys.
    public func count(
        _ keys: KeyRange, revision: Revision = 0, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> Int64 {
        let options = RangeOptions(revision: revision, countOnly: true)
        return try await range(keys, options, timeout: timeout).count
    }

    /// Deletes keys.
    @discardableResult
    public func delete(
        _ keys: KeyRange, returnsPrevious: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> DeleteResponse {
        let keys = prefix.added(to: keys)
        let request = DeleteRangeRequest(
            key: keys.start[...], rangeEnd: keys.end[...], prevKV: returnsPrevious)
        let bytes = try await cluster.unary(.deleteRange, request.encoded(), timeout: timeout)
        return try seen(DeleteResponse(bytes, prefix), \.header)
    }

    /// Deletes one key.
    @discardableResult
    public func delete(
        _ key: some EtcdBytes, returnsPrevious: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> DeleteResponse {
        try await delete(.key(key), returnsPrevious: returnsPrevious, timeout: timeout)
    }

    /// Compacts the history up to a revision.
    ///
    /// - Parameter isPhysical: whether to wait until it is removed from the database.
    /// - Throws: `compacted` if that or a later revision is compacted already, `futureRevision`.
    public func compact(
        at revision: Revision, isPhysical: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        let request = CompactionRequest(revision: revision.rawValue, physical: isPhysical)
        _ = try await cluster.unary(.compact, request.encoded(), timeout: timeout)
    }
}
