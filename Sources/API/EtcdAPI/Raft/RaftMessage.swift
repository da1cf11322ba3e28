/// A message between members (raftpb.Message).
///
/// Members up to 3.6 encode every scalar, 3.7 only those that were set; absent ones decode as zero.
/// `responses`, which are never sent between members, are skipped.
package struct RaftMessage: WireMessage, Equatable {
    package var type: MessageType
    package var to: UInt64
    package var from: UInt64
    package var term: UInt64
    /// Term of the entry at `index`.
    package var logTerm: UInt64
    package var index: UInt64
    package var entries: [RaftEntry]
    package var commit: UInt64
    package var vote: UInt64
    package var snapshot: RaftSnapshot?
    package var reject: Bool
    package var rejectHint: UInt64
    package var context: [UInt8]

    package init() {
        self.init(type: .hup)
    }

    package init(
        type: MessageType, to: UInt64 = 0, from: UInt64 = 0, term: UInt64 = 0,
        logTerm: UInt64 = 0, index: UInt64 = 0, entries: [RaftEntry] = [], commit: UInt64 = 0,
        vote: UInt64 = 0, snapshot: RaftSnapshot? = nil, reject: Bool = false,
        rejectHint: UInt64 = 0, context: [UInt8] = []
    ) {
        self.type = type
        self.to = to
        self.from = from
        self.term = term
        self.logTerm = logTerm
        self.index = index
        self.entries = entries
        self.commit = commit
        self.vote = vote
        self.snapshot = snapshot
        self.reject = reject
        self.rejectHint = rejectHint
        self.context = context
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): type = MessageType(rawValue: try reader.int32())
            case .varint(2): to = try reader.varint()
            case .varint(3): from = try reader.varint()
            case .varint(4): term = try reader.varint()
            case .varint(5): logTerm = try reader.varint()
            case .varint(6): index = try reader.varint()
            case .bytes(7): entries.append(try reader.message())
            case .varint(8): commit = try reader.varint()
            case .bytes(9): try reader.message(into: &snapshot)
            case .varint(10): reject = try reader.bool()
            case .varint(11): rejectHint = try reader.varint()
            case .bytes(12): context = try reader.array()
            case .varint(13): vote = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }
}
