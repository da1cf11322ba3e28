/// The state at an index, which replaces the log up to there (raftpb.Snapshot).
package struct RaftSnapshot: WireMessage, Equatable {
    /// The v2 store as etcd's JSON.
    package var data: [UInt8]
    package var metadata: RaftSnapshotMetadata

    package init() {
        self.init(data: [], metadata: RaftSnapshotMetadata())
    }

    package init(data: [UInt8], metadata: RaftSnapshotMetadata) {
        self.data = data
        self.metadata = metadata
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): data = try reader.array()
            case .bytes(2): try reader.message(into: &metadata)
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.bytes(data.count, field: 1) + WireSize.message(metadata, field: 2)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendBytes(data, field: 1)
        writer.appendMessage(metadata, field: 2)
    }
}

/// Index, term and configuration of a snapshot (raftpb.SnapshotMetadata).
package struct RaftSnapshotMetadata: WireMessage, Equatable {
    package var confState: RaftConfState
    package var index: UInt64
    package var term: UInt64

    package init() {
        self.init(confState: RaftConfState(), index: 0, term: 0)
    }

    package init(confState: RaftConfState, index: UInt64, term: UInt64) {
        self.confState = confState
        self.index = index
        self.term = term
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): try reader.message(into: &confState)
            case .varint(2): index = try reader.varint()
            case .varint(3): term = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.message(confState, field: 1)
            + WireSize.explicitUInt64(index, field: 2)
            + WireSize.explicitUInt64(term, field: 3)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendMessage(confState, field: 1)
        writer.appendExplicitUInt64(index, field: 2)
        writer.appendExplicitUInt64(term, field: 3)
    }
}
