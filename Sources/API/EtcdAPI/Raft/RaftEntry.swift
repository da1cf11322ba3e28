/// One entry of the Raft log (raftpb.Entry).
package struct RaftEntry: WireMessage, Equatable {
    package var type: EntryType
    package var term: UInt64
    package var index: UInt64
    package var data: [UInt8]

    /// The type of an entry's data.
    package struct EntryType: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        /// A request to the state machine, or empty.
        package static var normal: EntryType { EntryType(rawValue: 0) }
        /// A ConfChange.
        package static var confChange: EntryType { EntryType(rawValue: 1) }
        /// A ConfChangeV2.
        package static var confChangeV2: EntryType { EntryType(rawValue: 2) }
    }

    package init() {
        self.init(term: 0, index: 0)
    }

    package init(
        type: EntryType = .normal, term: UInt64, index: UInt64, data: [UInt8] = []
    ) {
        self.type = type
        self.term = term
        self.index = index
        self.data = data
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): type = EntryType(rawValue: try reader.int32())
            case .varint(2): term = try reader.varint()
            case .varint(3): index = try reader.varint()
            case .bytes(4): data = try reader.array()
            default: try reader.skip(tag)
            }
        }
    }

    // The normal type is not encoded, nor are the zero term and index of a proposed entry:
    // etcd 3.7 does not set these fields.

    package var encodedSize: Int {
        WireSize.int64(Int64(type.rawValue), field: 1)
            + WireSize.uint64(term, field: 2)
            + WireSize.uint64(index, field: 3)
            + WireSize.bytes(data.count, field: 4)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendInt64(Int64(type.rawValue), field: 1)
        writer.appendUInt64(term, field: 2)
        writer.appendUInt64(index, field: 3)
        writer.appendBytes(data, field: 4)
    }
}
