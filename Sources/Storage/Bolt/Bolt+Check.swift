/// A violation of bbolt's format, as found by `Bolt.check`.
package struct BoltViolation: Equatable, Sendable, CustomStringConvertible {
    /// The page concerned.
    package let page: UInt64
    package let text: String

    package var description: String { "page \(page): \(text)" }
}

extension Bolt {
    /// Verifies the newest committed state as a whole: both meta pages, every page of every bucket
    /// (bounds, identity, type, elements, order of keys within and between pages), that no page is
    /// reached twice, and that exactly the pages not reached are free.
    ///
    /// It compares with the writer's free pages, so it runs on the writer's thread, with no write
    /// transaction open. Returns at most `violationsMax` violations; empty if the file is sound.
    package func check(violationsMax: Int = 100) -> [BoltViolation] {
        precondition(!isWriting, "a file is checked with no write transaction open")
        let transaction = beginRead()
        defer { transaction.end() }
        var check = FileCheck(transaction: transaction, violationsMax: violationsMax)
        check.run()
        check.compare(free: freePages.free, pending: freePages.pending)
        return check.violations
    }
}
