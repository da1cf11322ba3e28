extension InternalRaftRequest {
    /// Encodes the entry of a request that is already encoded, as received from the client: one
    /// allocation, one copy of the payload, no second encoding.
    ///
    /// The same bytes as etcd 3.7 proposes: fields are in ascending order, so the header (100)
    /// follows the requests with lower numbers and precedes the auth and cluster requests.
    ///
    /// - Parameters:
    ///   - id: the request ID, in the header.
    ///   - username: the user, empty when auth is off.
    ///   - authRevision: auth store revision at which the call was authorized; 0 when auth is off.
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
