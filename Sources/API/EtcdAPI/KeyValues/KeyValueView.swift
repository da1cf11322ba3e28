/// A KeyValue in borrowed memory: decoded from a stored record without a copy, or composed of a
/// key and a value to be stored.
///
/// Valid as long as the memory, which it does not retain. Unchecked sendable since it only points
/// to immutable memory; code that passes it to another thread keeps the memory alive.
package struct KeyValueView: WireEncodable, @unchecked Sendable {
    package var key: UnsafeRawBufferPointer
    package var createRevision: Int64
    package var modRevision: Int64
    package var version: Int64
    package var value: UnsafeRawBufferPointer
    package var lease: Int64

    package init(
        key: UnsafeRawBufferPointer, createRevision: Int64, modRevision: Int64, version: Int64,
        value: UnsafeRawBufferPointer, lease: Int64
    ) {
        self.key = key
        self.createRevision = createRevision
        self.modRevision = modRevision
        self.version = version
        self.value = value
        self.lease = lease
    }

    /// Decodes a stored record; key and value point into `bytes`.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        self.init(
            key: none, createRevision: 0, modRevision: 0, version: 0, value: none, lease: 0)
        var reader = WireReader(bytes)
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): key = try reader.rawBytes()
            case .varint(2): createRevision = try reader.int64()
            case .varint(3): modRevision = try reader.int64()
            case .varint(4): version = try reader.int64()
            case .bytes(5): value = try reader.rawBytes()
            case .varint(6): lease = try reader.int64()
            default: try reader.skip(tag)
            }
        }
    }

    /// Bytes that `encode(into:)` appends.
    package var encodedSize: Int {
        WireSize.bytes(key.count, field: 1)
            + WireSize.int64(createRevision, field: 2)
            + WireSize.int64(modRevision, field: 3)
            + WireSize.int64(version, field: 4)
            + WireSize.bytes(value.count, field: 5)
            + WireSize.int64(lease, field: 6)
    }

    /// Appends the encoding.
    package func encode(into writer: inout WireWriter) {
        writer.appendBytes(key, field: 1)
        writer.appendInt64(createRevision, field: 2)
        writer.appendInt64(modRevision, field: 3)
        writer.appendInt64(version, field: 4)
        writer.appendBytes(value, field: 5)
        writer.appendInt64(lease, field: 6)
    }
}
