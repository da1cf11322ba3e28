/// One record of the write-ahead log (walpb.Record).
package struct LogRecord: WireMessage, Equatable {
    package var type: RecordType
    /// CRC-32C over the data of all records up to this one.
    package var crc: UInt32
    package var data: ArraySlice<UInt8>

    /// The type of a record's data.
    package struct RecordType: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int64

        package init(rawValue: Int64) {
            self.rawValue = rawValue
        }

        /// A LogMetadata.
        package static var metadata: RecordType { RecordType(rawValue: 1) }
        /// A RaftEntry.
        package static var entry: RecordType { RecordType(rawValue: 2) }
        /// A RaftHardState.
        package static var state: RecordType { RecordType(rawValue: 3) }
        /// No data: the checksum from which the following records continue.
        package static var crc: RecordType { RecordType(rawValue: 4) }
        /// A LogSnapshotRecord.
        package static var snapshot: RecordType { RecordType(rawValue: 5) }
    }

    package init() {
        self.init(type: RecordType(rawValue: 0), crc: 0)
    }

    package init(type: RecordType, crc: UInt32, data: ArraySlice<UInt8> = []) {
        self.type = type
        self.crc = crc
        self.data = data
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): type = RecordType(rawValue: try reader.int64())
            case .varint(2): crc = try reader.uint32()
            case .bytes(3): data = try reader.bytes()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        Self.encodedSize(type: type, crc: crc, dataCount: data.count)
    }

    package func encode(into writer: inout WireWriter) {
        data.withUnsafeBytes { memory in
            Self.encode(type: type, crc: crc, data: memory, into: &writer)
        }
    }
}

extension LogRecord {
    /// Bytes of a record with data in other memory.
    package static func encodedSize(type: RecordType, crc: UInt32, dataCount: Int) -> Int {
        WireSize.explicitUInt64(UInt64(bitPattern: type.rawValue), field: 1)
            + WireSize.explicitUInt64(UInt64(crc), field: 2)
            + WireSize.bytes(dataCount, field: 3)
    }

    /// Appends a record with data in other memory.
    package static func encode(
        type: RecordType, crc: UInt32, data: UnsafeRawBufferPointer,
        into writer: inout WireWriter
    ) {
        writer.appendExplicitUInt64(UInt64(bitPattern: type.rawValue), field: 1)
        writer.appendExplicitUInt64(UInt64(crc), field: 2)
        writer.appendBytes(data, field: 3)
    }
}
