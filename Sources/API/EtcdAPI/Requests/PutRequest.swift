/// The request of KV.Put: sets a key to a value.
package struct PutRequest: WireMessage, Equatable {
    package var key: ArraySlice<UInt8>
    package var value: ArraySlice<UInt8>
    /// Lease to attach the key to, 0 for none.
    package var lease: Int64
    /// Whether the response contains the previous pair.
    package var prevKV: Bool
    /// Keep the current value; the key must exist.
    package var ignoreValue: Bool
    /// Keep the current lease; the key must exist.
    package var ignoreLease: Bool

    package init() {
        self.init(key: [])
    }

    package init(
        key: ArraySlice<UInt8>, value: ArraySlice<UInt8> = [], lease: Int64 = 0,
        prevKV: Bool = false, ignoreValue: Bool = false, ignoreLease: Bool = false
    ) {
        self.key = key
        self.value = value
        self.lease = lease
        self.prevKV = prevKV
        self.ignoreValue = ignoreValue
        self.ignoreLease = ignoreLease
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): key = try reader.bytes()
            case .bytes(2): value = try reader.bytes()
            case .varint(3): lease = try reader.int64()
            case .varint(4): prevKV = try reader.bool()
            case .varint(5): ignoreValue = try reader.bool()
            case .varint(6): ignoreLease = try reader.bool()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.bytes(key.count, field: 1)
            + WireSize.bytes(value.count, field: 2)
            + WireSize.int64(lease, field: 3)
            + WireSize.bool(prevKV, field: 4)
            + WireSize.bool(ignoreValue, field: 5)
            + WireSize.bool(ignoreLease, field: 6)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendBytes(key, field: 1)
        writer.appendBytes(value, field: 2)
        writer.appendInt64(lease, field: 3)
        writer.appendBool(prevKV, field: 4)
        writer.appendBool(ignoreValue, field: 5)
        writer.appendBool(ignoreLease, field: 6)
    }
}
