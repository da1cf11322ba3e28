/// The record of a snapshot in the write-ahead log (walpb.Snapshot).
package struct LogSnapshotRecord: WireMessage, Equatable {
    package var index: UInt64
    package var term: UInt64
    /// The ConfState of the snapshot; nil before 3.5 and in the first record.
    package var confState: RaftConfState?

    package init() {
        self.init(index: 0, term: 0)
    }

    package init(index: UInt64, term: UInt64, confState: RaftConfState? = nil) {
        self.index = index
        self.term = term
        self.confState = confState
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): index = try reader.varint()
            case .varint(2): term = try reader.varint()
            case .bytes(3): try reader.message(into: &confState)
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        let size =
            WireSize.explicitUInt64(index, field: 1) + WireSize.explicitUInt64(term, field: 2)
        guard let confState else { return size }
        return size + WireSize.message(confState, field: 3)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendExplicitUInt64(index, field: 1)
        writer.appendExplicitUInt64(term, field: 2)
        if let confState { writer.appendMessage(confState, field: 3) }
    }
}
