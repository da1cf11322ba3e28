/// The limits of one slice of a range.
package struct RangeBudget {
    /// Keys that may still be visited, whether they are in the response or not.
    package var keys: Int
    /// Bytes of pairs that may still be returned; a slice always holds at least one pair.
    package var bytes: Int

    /// Makes a budget.
    package init(keys: Int, bytes: Int) {
        self.keys = keys
        self.bytes = bytes
    }

    /// No limit.
    static var unlimited: RangeBudget { RangeBudget(keys: .max, bytes: .max) }

    var isSpent: Bool { keys <= 0 || bytes <= 0 }
}
