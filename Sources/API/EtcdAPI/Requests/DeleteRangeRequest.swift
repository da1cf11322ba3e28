/// The request of KV.DeleteRange: deletes the keys of a range.
package struct DeleteRangeRequest: WireMessage, Equatable {
    package var key: ArraySlice<UInt8>
    /// As in a RangeRequest.
    package var rangeEnd: ArraySlice<UInt8>
    /// Whether the response contains the deleted pairs.
    package var prevKV: Bool

    package init() {
        self.init(key: [])
    }

    package init(key: ArraySlice<UInt8>, rangeEnd: ArraySlice<UInt8> = [], prevKV: Bool = false) {
        self.key = key
        self.rangeEnd = rangeEnd
        self.prevKV = prevKV
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): key = try reader.bytes()
            case .bytes(2): rangeEnd = try reader.bytes()
            case .varint(3): prevKV = try reader.bool()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.bytes(key.count, field: 1)
            + WireSize.bytes(rangeEnd.count, field: 2)
            + WireSize.bool(prevKV, field: 3)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendBytes(key, field: 1)
        writer.appendBytes(rangeEnd, field: 2)
        writer.appendBool(prevKV, field: 3)
    }
}
