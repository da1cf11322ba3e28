/// A point in the store's history: the transaction (`main`) and the change inside it (`sub`).
///
/// `main` counts applied write transactions from 1; `sub` counts the changes of one transaction
/// from 0. Revisions order by main, then sub.
package struct Revision: Hashable, Sendable, Comparable {
    /// The transaction's number.
    package var main: Int64
    /// The number of the change within its transaction.
    package var sub: Int64

    /// Makes a revision; `sub` 0 is the first change of a transaction.
    package init(main: Int64, sub: Int64 = 0) {
        self.main = main
        self.sub = sub
    }

    /// Greater than all others.
    static let last = Revision(main: .max, sub: .max)

    /// Chronological order.
    package static func < (left: Revision, right: Revision) -> Bool {
        left.main == right.main ? left.sub < right.sub : left.main < right.main
    }
}

extension Revision: CustomStringConvertible {
    /// `main/sub` in decimal.
    package var description: String { "\(main)/\(sub)" }
}
