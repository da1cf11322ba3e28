internal import EtcdAPI
public import Identifiers

extension EtcdClient {
    /// Puts a value under a key.
    @discardableResult
    public func put(
        _ key: [UInt8], _ value: [UInt8], lease: Int64 = 0, returnsPrevious: Bool = false
    ) async throws(EtcdClientError) -> PutResponse {
        let request = PutRequest(
            key: key[...], value: value[...], lease: lease, prevKV: returnsPrevious)
        let response: Etcdserverpb_PutResponse = try await call("KV/Put", request)
        return PutResponse(response)
    }

    /// Puts a text under a key.
    @discardableResult
    public func put(
        _ key: String, _ value: String, lease: Int64 = 0
    ) async throws(EtcdClientError) -> PutResponse {
        try await put(Array(key.utf8), Array(value.utf8), lease: lease)
    }

    /// The pair of one key, nil when there is none.
    public func get(_ key: String) async throws(EtcdClientError) -> KeyValuePair? {
        try await range(.key(key)).pairs.first
    }

    /// Reads keys in their order.
    ///
    /// - Parameters:
    ///   - limit: pairs at most; 0 for all.
    ///   - revision: the revision to read at; 0 for the newest.
    ///   - isSerializable: whether the member may read locally, with possibly stale data.
    public func range(
        _ keys: KeyRange, limit: Int64 = 0, revision: Revision = 0, isSerializable: Bool = false,
        keysOnly: Bool = false, countOnly: Bool = false
    ) async throws(EtcdClientError) -> RangeResponse {
        let request = RangeRequest(
            key: keys.start[...], rangeEnd: keys.end[...], limit: limit,
            revision: revision.rawValue,
            serializable: isSerializable, keysOnly: keysOnly, countOnly: countOnly)
        let response: Etcdserverpb_RangeResponse = try await call("KV/Range", request)
        return RangeResponse(response)
    }

    /// Deletes keys.
    @discardableResult
    public func delete(
        _ keys: KeyRange, returnsPrevious: Bool = false
    ) async throws(EtcdClientError) -> DeleteResponse {
        let request = DeleteRangeRequest(
            key: keys.start[...], rangeEnd: keys.end[...], prevKV: returnsPrevious)
        let response: Etcdserverpb_DeleteRangeResponse = try await call("KV/DeleteRange", request)
        return DeleteResponse(response)
    }

    /// Compacts the history up to a revision.
    ///
    /// - Parameter isPhysical: whether to wait until it is removed from the database.
    public func compact(
        at revision: Revision, isPhysical: Bool = false
    ) async throws(EtcdClientError) {
        let request = CompactionRequest(revision: revision.rawValue, physical: isPhysical)
        let _: Etcdserverpb_CompactionResponse = try await call("KV/Compact", request)
    }

    /// The status of the connected member.
    public func status() async throws(EtcdClientError) -> MemberStatus {
        let response: Etcdserverpb_StatusResponse = try await call("Maintenance/Status", bytes: [])
        return MemberStatus(response)
    }
}
