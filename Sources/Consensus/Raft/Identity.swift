/// An election epoch; terms order leaders in time (Raft paper, section 5.1). Zero is "before any".
package struct Term: RawRepresentable, Comparable, Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package init(_ value: UInt64) {
        self.rawValue = value
    }

    /// The term before the first election.
    package static let zero = Term(0)

    /// The term that follows this one.
    package var next: Term {
        Term(rawValue + 1)
    }

    package static func < (left: Term, right: Term) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// The position of an entry in the log, counted from 1. Zero is "before the first entry".
package struct LogIndex: RawRepresentable, Comparable, Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package init(_ value: UInt64) {
        self.rawValue = value
    }

    /// The position before the first entry.
    package static let zero = LogIndex(0)

    /// Greatest index accepted from a peer, so that sums of indexes cannot overflow.
    static let limit = LogIndex(1 << 62)

    /// The position after this one.
    package var next: LogIndex {
        LogIndex(rawValue + 1)
    }

    /// The position before this one; zero stays zero.
    package var previous: LogIndex {
        LogIndex(rawValue == 0 ? 0 : rawValue - 1)
    }

    package static func < (left: LogIndex, right: LogIndex) -> Bool {
        left.rawValue < right.rawValue
    }

    package static func + (left: LogIndex, right: Int) -> LogIndex {
        LogIndex(left.rawValue + UInt64(right))
    }

    /// Number of positions from `right` to `left`, negative if `right` is the later one.
    package static func - (left: LogIndex, right: LogIndex) -> Int {
        Int(left.rawValue) - Int(right.rawValue)
    }
}

/// A member of the cluster, voter or learner. Zero names nobody and is never a member's id.
package struct MemberID: RawRepresentable, Comparable, Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package init(_ value: UInt64) {
        self.rawValue = value
    }

    /// The id that stands for nobody on the wire.
    package static let none = MemberID(0)

    package static func < (left: MemberID, right: MemberID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What names an entry for good: no two entries with one index and one term differ
/// (log matching, Raft paper, section 5.3).
package struct EntryID: Hashable, Sendable {
    package var term: Term
    package var index: LogIndex

    package init(term: Term, index: LogIndex) {
        self.term = term
        self.index = index
    }

    /// The place before the first entry of a log that was never compacted.
    package static let zero = EntryID(term: .zero, index: .zero)

    /// Whether a log that ends here holds at least what a log ending at `other` holds
    /// (election restriction, Raft paper, section 5.4.1).
    func isAtLeastAsUpToDate(as other: EntryID) -> Bool {
        if term != other.term {
            return term > other.term
        }
        return index >= other.index
    }
}

/// Names one `LogWrite`; numbers ascend by one, and writes reach the disk in this order.
package struct WriteNumber: RawRepresentable, Comparable, Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static func < (left: WriteNumber, right: WriteNumber) -> Bool {
        left.rawValue < right.rawValue
    }
}
