package import Identifiers

/// A change in the store's history: etcd's revision of two numbers, the transaction's (`main`) and
/// the change's inside it (`sub`).
///
/// `main` counts applied write transactions from 1; `sub` counts the changes of one transaction
/// from 0. Pairs order by main, then sub.
package struct RevisionPair: Hashable, Sendable, Comparable {
    /// The transaction's revision.
    package var main: Revision
    /// The number of the change within its transaction.
    package var sub: Int64

    /// Makes a pair; `sub` 0 is the first change of a transaction.
    package init(main: Revision, sub: Int64 = 0) {
        self.main = main
        self.sub = sub
    }

    /// Greater than all others.
    static let last = RevisionPair(main: .max, sub: .max)

    /// Chronological order.
    package static func < (left: RevisionPair, right: RevisionPair) -> Bool {
        left.main == right.main ? left.sub < right.sub : left.main < right.main
    }
}

extension RevisionPair: CustomStringConvertible {
    /// `main/sub` in decimal.
    package var description: String { "\(main)/\(sub)" }
}
