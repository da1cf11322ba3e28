extension InternalRaftRequest {
    /// The entry for a request that is already encoded, as it came from the client: one
    /// allocation, one copy of the payload, nothing encoded twice.
    ///
    /// The same bytes as etcd 3.7 proposes: fields ascending by number, so the header (100) stands
    /// behind the requests below it and before the auth and cluster requests.
    ///
    /// - Parameters:
    ///   - id: the proposal's id, in the header.
    ///   - username: the caller, empty when auth is off.
    ///   - authRevision: revision of the auth store that permitted the call, 0 when auth is off.
    ///   - field: number of the request's field, see `Field`.
    ///   - payload: the request's encoding.
    package static func wrap(
        id: UInt64, username: String = "", authRevision: UInt64 = 0, field: UInt32,
        payload: UnsafeRawBufferPointer
    ) -> [UInt8] {
        let header = RequestHeader(id: id, username: username, authRevision: authRevision)
        let headerSize = header.encodedSize
        let size =
            WireSize.explicitBytes(headerSize, field: Field.header)
            + WireSize.explicitBytes(payload.count, field: field)
        return WireWriter.bytes(count: size) { writer in
            if field < Field.header { writer.appendExplicitBytes(payload, field: field) }
            writer.appendLength(headerSize, field: Field.header)
            header.encode(into: &writer)
            if field > Field.header { writer.appendExplicitBytes(payload, field: field) }
        }
    }
}
