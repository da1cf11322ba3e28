internal import EtcdAPI

/// The response to a put.
public struct PutResponse: Hashable, Sendable, DecodableResponse {
    public let header: ResponseHeader
    /// The previous pair, if it was requested and existed.
    public let previous: KeyValuePair?

    init(from reader: inout WireReader, _ decoding: ResponseDecoding) throws(WireError) {
        var header = EtcdAPI.ResponseHeader()
        var previous: KeyValuePair?
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): try reader.message(into: &header)
            case .bytes(2): previous = try .nested(in: &reader, decoding)
            default: try reader.skip(tag)
            }
        }
        self.header = ResponseHeader(header)
        self.previous = previous
    }
}

/// The response to a deletion.
public struct DeleteResponse: Hashable, Sendable, DecodableResponse {
    public let header: ResponseHeader
    /// Keys that were deleted.
    public let deleted: Int64
    /// The previous pairs, if they were requested.
    public let previous: [KeyValuePair]

    init(from reader: inout WireReader, _ decoding: ResponseDecoding) throws(WireError) {
        var header = EtcdAPI.ResponseHeader()
        var deleted: Int64 = 0
        var previous: [KeyValuePair] = []
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): try reader.message(into: &header)
            case .varint(2): deleted = try reader.int64()
            case .bytes(3): previous.append(try .nested(in: &reader, decoding))
            default: try reader.skip(tag)
            }
        }
        self.header = ResponseHeader(header)
        self.deleted = deleted
        self.previous = previous
    }
}
