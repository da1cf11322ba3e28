/// The content of a .snap file (snappb.snapshot).
package struct SnapshotFile: WireMessage, Equatable {
    /// CRC-32C of `data`.
    package var crc: UInt32
    /// An encoded RaftSnapshot.
    package var data: ArraySlice<UInt8>

    package init() {
        self.init(crc: 0, data: [])
    }

    package init(crc: UInt32, data: ArraySlice<UInt8>) {
        self.crc = crc
        self.data = data
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): crc = try reader.uint32()
            case .bytes(2): data = try reader.bytes()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.explicitUInt64(UInt64(crc), field: 1) + WireSize.bytes(data.count, field: 2)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendExplicitUInt64(UInt64(crc), field: 1)
        writer.appendBytes(data, field: 2)
    }
}
