internal import EtcdAPI

/// The response to a range.
public struct RangeResponse: Hashable, Sendable, DecodableResponse {
    public let header: ResponseHeader
    /// In the requested order, by default that of the keys.
    public let pairs: [KeyValuePair]
    /// Whether more keys exist beyond the limit.
    public let hasMore: Bool
    /// The number of keys in the range, regardless of the limit.
    public let count: Int64

    init(from reader: inout WireReader, _ decoding: ResponseDecoding) throws(WireError) {
        var header = EtcdAPI.ResponseHeader()
        var pairs: [KeyValuePair] = []
        var hasMore = false
        var count: Int64 = 0
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): try reader.message(into: &header)
            case .bytes(2): pairs.append(try .nested(in: &reader, decoding))
            case .varint(3): hasMore = try reader.bool()
            case .varint(4): count = try reader.int64()
            default: try reader.skip(tag)
            }
        }
        self.header = ResponseHeader(header)
        self.pairs = pairs
        self.hasMore = hasMore
        self.count = count
    }
}
