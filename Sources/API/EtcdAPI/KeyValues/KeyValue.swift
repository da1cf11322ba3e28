/// One key at one revision (mvccpb.KeyValue), as stored and as sent in responses and events.
package struct KeyValue: WireMessage, Equatable {
    package var key: ArraySlice<UInt8>
    /// Revision of the last creation of the key.
    package var createRevision: Int64
    /// Revision of the last change.
    package var modRevision: Int64
    /// Number of changes since the creation, starting at 1; 0 in a tombstone.
    package var version: Int64
    package var value: ArraySlice<UInt8>
    /// The lease that the key is attached to, 0 for none.
    package var lease: Int64

    package init() {
        self.init(key: [], createRevision: 0, modRevision: 0, version: 0, value: [], lease: 0)
    }

    package init(
        key: ArraySlice<UInt8>, createRevision: Int64 = 0, modRevision: Int64 = 0,
        version: Int64 = 0, value: ArraySlice<UInt8> = [], lease: Int64 = 0
    ) {
        self.key = key
        self.createRevision = createRevision
        self.modRevision = modRevision
        self.version = version
        self.value = value
        self.lease = lease
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): key = try reader.bytes()
            case .varint(2): createRevision = try reader.int64()
            case .varint(3): modRevision = try reader.int64()
            case .varint(4): version = try reader.int64()
            case .bytes(5): value = try reader.bytes()
            case .varint(6): lease = try reader.int64()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.bytes(key.count, field: 1)
            + WireSize.int64(createRevision, field: 2)
            + WireSize.int64(modRevision, field: 3)
            + WireSize.int64(version, field: 4)
            + WireSize.bytes(value.count, field: 5)
            + WireSize.int64(lease, field: 6)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendBytes(key, field: 1)
        writer.appendInt64(createRevision, field: 2)
        writer.appendInt64(modRevision, field: 3)
        writer.appendInt64(version, field: 4)
        writer.appendBytes(value, field: 5)
        writer.appendInt64(lease, field: 6)
    }
}
