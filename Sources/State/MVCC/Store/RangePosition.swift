import Glibc
import EtcdAPI

/// A position in a range in key order, from which the next slice continues.
struct RangePosition {
    /// The body's result for a key.
    enum Step {
        /// Included or skipped; it took so many bytes.
        case passed(bytes: Int)
        /// The range ends before this key.
        case stop
    }

    private var nextKey: ArraySlice<UInt8>
    private let isSingle: Bool

    init(_ plan: RangePlan) {
        nextKey = plan.request.key
        isSingle = plan.request.rangeEnd.isEmpty
    }

    /// Visits keys until the range ends or `body` stops it (both true), or the budget is spent
    /// (false). The caller holds the store's lock.
    ///
    /// - Parameter prefetchCount: how many keys are likely to be visited; 0 disables prefetching.
    /// - Parameter prefetch: gets the revisions that are visited next.
    mutating func advance(
        _ plan: RangePlan, in store: Store, budget: inout RangeBudget,
        prefetchCount: Int = 0, prefetch: (UnsafeBufferPointer<RevisionPair>) -> Void = { _ in },
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(StoreError) -> Step
    ) throws(StoreError) -> Bool {
        var resumeKey: [UInt8]?
        var left = budget
        let result = try withKeyRange(nextKey, plan.request.rangeEnd) {
            start, end throws(StoreError) in
            try store.index.visit(
                from: start, to: end, at: plan.revision, limit: 0,
                prefetchCount: prefetchCount, prefetch: prefetch
            ) { key, record throws(StoreError) in
                switch try body(key, record) {
                case .stop: return false
                case .passed(let bytes):
                    left.keys -= 1
                    left.bytes -= bytes
                    guard left.isSpent, !isSingle else { return true }
                    var next = [UInt8](key)
                    next.append(0)
                    resumeKey = next
                    return false
                }
            }
        }
        budget = left
        guard let resumeKey, result.hasMore else { return true }
        nextKey = resumeKey[...]
        return false
    }
}

/// Order of two byte strings: negative, zero or positive.
func compareBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let common = min(left.count, right.count)
    if common > 0, let first = left.baseAddress, let second = right.baseAddress {
        let order = memcmp(first, second, common)
        if order != 0 { return Int(order) }
    }
    return left.count - right.count
}
