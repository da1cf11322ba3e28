/// The persistent state of a member (raftpb.HardState): Raft paper, figure 2, "persistent state".
package struct RaftHardState: WireMessage, Equatable {
    /// The latest term it has seen.
    package var term: UInt64
    /// The candidate it voted for in that term; 0 for none.
    package var vote: UInt64
    /// The highest index known to be committed.
    package var commit: UInt64

    package init() {
        self.init(term: 0)
    }

    package init(term: UInt64, vote: UInt64 = 0, commit: UInt64 = 0) {
        self.term = term
        self.vote = vote
        self.commit = commit
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): term = try reader.varint()
            case .varint(2): vote = try reader.varint()
            case .varint(3): commit = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.explicitUInt64(term, field: 1)
            + WireSize.explicitUInt64(vote, field: 2)
            + WireSize.explicitUInt64(commit, field: 3)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendExplicitUInt64(term, field: 1)
        writer.appendExplicitUInt64(vote, field: 2)
        writer.appendExplicitUInt64(commit, field: 3)
    }
}
