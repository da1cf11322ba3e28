internal import EtcdAPI

/// The fields of a record, decoded strictly: exactly those that writers produce, in their order.
/// Anything else is damage that a lenient decoder would skip as an unknown field.
struct RecordHead {
    let kind: UInt64
    let checksum: UInt32
    let data: UnsafeRawBufferPointer

    /// Length of the record.
    let recordBytes: Int

    /// Decodes a record that takes all of `bytes`; nil when it does not.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let head = try? Self.parse(bytes) else { return nil }
        self = head
    }

    private init(kind: UInt64, checksum: UInt32, data: UnsafeRawBufferPointer, recordBytes: Int) {
        self.kind = kind
        self.checksum = checksum
        self.data = data
        self.recordBytes = recordBytes
    }

    private static func parse(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> RecordHead? {
        var reader = WireReader(bytes)
        guard let (kind, checksum) = try leadingFields(&reader) else { return nil }
        var data = UnsafeRawBufferPointer(start: nil, count: 0)
        if let tag = try reader.nextTag() {
            guard tag == .bytes(3) else { return nil }
            data = try reader.rawBytes()
        }
        guard reader.isAtEnd else { return nil }
        return RecordHead(kind: kind, checksum: checksum, data: data, recordBytes: bytes.count)
    }

    private static func leadingFields(
        _ reader: inout WireReader
    ) throws(WireError) -> (kind: UInt64, checksum: UInt32)? {
        guard try reader.nextTag() == .varint(1) else { return nil }
        let kind = try reader.varint()
        guard try reader.nextTag() == .varint(2) else { return nil }
        guard let checksum = UInt32(exactly: try reader.varint()) else { return nil }
        return (kind, checksum)
    }

    /// The length according to a record's own fields, from its first bytes; nil when they are
    /// invalid.
    static func recordBytes(beginning bytes: UnsafeRawBufferPointer) -> Int? {
        guard let length = try? length(beginning: bytes) else { return nil }
        return length
    }

    private static func length(beginning bytes: UnsafeRawBufferPointer) throws(WireError) -> Int? {
        var reader = WireReader(bytes)
        guard let (kind, checksum) = try leadingFields(&reader) else { return nil }
        var head = WireSize.explicitUInt64(kind, field: 1)
        head += WireSize.explicitUInt64(UInt64(checksum), field: 2)
        if kind == LogRecordKind.checksum.rawValue { return head }
        guard try reader.nextTag() == .bytes(3) else { return nil }
        let dataBytes = try reader.varint()
        guard dataBytes < 1 << 40 else { return nil }
        return head + WireSize.explicitBytes(Int(dataBytes), field: 3)
    }
}
