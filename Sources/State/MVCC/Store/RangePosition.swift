import Glibc
import EtcdAPI

/// A place in a range in key order, from which the next slice goes on.
struct RangePosition {
    /// What a visitor says about a key.
    enum Verdict {
        /// Taken or skipped; it cost so many bytes.
        case passed(bytes: Int)
        /// The walk ends before this key for good.
        case stop
    }

    private var nextKey: ArraySlice<UInt8>
    private let isSingle: Bool

    init(_ plan: RangePlan) {
        nextKey = plan.request.key
        isSingle = plan.request.rangeEnd.isEmpty
    }

    /// Visits keys until the range ends, the visitor stops it (both true) or the budget is spent
    /// (false). The caller holds the store's lock.
    ///
    /// - Parameter wanted: how many keys are likely to be visited, 0 to look at nothing ahead.
    /// - Parameter ahead: is told the revisions that come next.
    mutating func advance(
        _ plan: RangePlan, in store: Store, budget: inout RangeBudget,
        announcing wanted: Int = 0, ahead: (UnsafeBufferPointer<Revision>) -> Void = { _ in },
        _ visitor: (UnsafeRawBufferPointer, KeyRecord) throws(StoreError) -> Verdict
    ) throws(StoreError) -> Bool {
        var resumeKey: [UInt8]?
        var left = budget
        let result = try withKeyRange(nextKey, plan.request.rangeEnd) {
            start, end throws(StoreError) in
            try store.index.visit(
                from: start, to: end, at: plan.revision, limit: 0,
                announcing: wanted, ahead: ahead
            ) { key, record throws(StoreError) in
                switch try visitor(key, record) {
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
