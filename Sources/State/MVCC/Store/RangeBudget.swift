/// The limits of one slice of a range.
package struct RangeBudget {
    /// Index entries that may still be examined, whether they are in the response or not.
    package var entries: Int
    /// Bytes of pairs that may still be returned; a slice always holds at least one pair.
    package var bytes: Int

    /// Makes a budget.
    package init(entries: Int, bytes: Int) {
        self.entries = entries
        self.bytes = bytes
    }

    /// No limit.
    static var unlimited: RangeBudget { RangeBudget(entries: .max, bytes: .max) }

    var isSpent: Bool { entries <= 0 || bytes <= 0 }
}
