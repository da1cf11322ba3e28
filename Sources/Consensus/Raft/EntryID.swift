package import Identifiers

/// Identifies an entry: two entries with the same index and term are equal (log matching, Raft
/// paper, section 5.3).
package struct EntryID: Hashable, Sendable {
    package var term: Term
    package var index: LogIndex

    package init(term: Term, index: LogIndex) {
        self.term = term
        self.index = index
    }

    /// The position before the first entry of a log that was never compacted.
    package static let zero = EntryID(term: .zero, index: .zero)

    /// Whether a log whose last entry is this one is at least as up-to-date as a log that ends with
    /// `other` (election restriction, Raft paper, section 5.4.1).
    func isAtLeastAsUpToDate(as other: EntryID) -> Bool {
        if term != other.term {
            return term > other.term
        }
        return index >= other.index
    }
}

/// Number of one `LogWrite`; numbers ascend by one, and writes reach the disk in this order.
package struct WriteNumber: RawRepresentable, Comparable, Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static func < (left: WriteNumber, right: WriteNumber) -> Bool {
        left.rawValue < right.rawValue
    }
}
