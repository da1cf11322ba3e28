package import Identifiers

/// Type of an entry's data; raw values are those of raftpb.EntryType.
package enum EntryType: UInt8, Sendable {
    /// A command of the application, or empty.
    case normal = 0
    /// An encoded `ConfChange`.
    case confChange = 1
    /// An encoded `ConfChangeV2`.
    case confChangeV2 = 2
}

/// One entry of the log. The data is shared, never copied, on its way through the Raft machine.
package struct Entry: Equatable, Sendable {
    package var term: Term
    package var index: LogIndex
    package var type: EntryType
    package var data: [UInt8]

    package init(term: Term, index: LogIndex, type: EntryType = .normal, data: [UInt8]) {
        self.term = term
        self.index = index
        self.type = type
        self.data = data
    }

    /// Fills unused slots of a buffer.
    static let vacant = Entry(term: .zero, index: .zero, data: [])

    package var id: EntryID {
        EntryID(term: term, index: index)
    }

    /// Size counted against the limits of a message: the data plus an allowance for the other
    /// encoded fields.
    package var sizeBytes: Int {
        data.count + 24
    }
}

/// A proposal; the leader assigns its term and index.
package struct Proposal: Equatable, Sendable {
    package var type: EntryType
    package var data: [UInt8]

    package init(type: EntryType = .normal, data: [UInt8]) {
        self.type = type
        self.data = data
    }
}
