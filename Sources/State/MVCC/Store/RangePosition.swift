import Glibc
import EtcdAPI

/// A position in a range, from which the next slice continues: in key order, or descending if the
/// plan says so.
struct RangePosition {
    /// The body's result for a key.
    enum Step {
        /// Included or skipped; it took so many bytes.
        case passed(bytes: Int)
        /// The range ends before this key.
        case stop
    }

    /// The first key that is not visited yet.
    private var start: ArraySlice<UInt8>
    /// As in a RangeRequest; descending, the keys that are not visited yet are below it.
    private var end: ArraySlice<UInt8>

    init(_ plan: RangePlan) {
        start = plan.request.key
        end = plan.request.rangeEnd
    }

    /// Visits keys until the range ends or `body` stops it (both true), or the budget is spent
    /// (false).
    mutating func advance(
        _ plan: RangePlan, in state: borrowing StoreState, budget: inout RangeBudget,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(StoreError) -> Step
    ) throws(StoreError) -> Bool {
        // At least one, so that each slice comes further.
        var entries = EntryBudget(max(budget.entries, 1))
        let before = entries.left
        var bytes = budget.bytes
        let isSingle = end.isEmpty
        let isDescending = plan.isDescending
        var next: [UInt8]?
        try withKeyRange(start, end) { start, end throws(StoreError) in
            let visit = { (key: UnsafeRawBufferPointer, record: KeyRecord) throws(StoreError) in
                guard case .passed(let taken) = try body(key, record) else { return false }
                bytes -= taken
                guard bytes <= 0, !isSingle else { return true }
                next = isDescending ? [UInt8](key) : [UInt8](key) + [0]
                return false
            }
            if isDescending {
                try state.index.visitDescending(
                    from: start, below: end.key, at: plan.revision, entries: &entries, visit)
            } else {
                let result = try state.index.visit(
                    from: start, to: end, at: plan.revision, limit: 0, entries: &entries, visit)
                if !result.hasMore { next = nil }
            }
        }
        budget.entries -= before - entries.left
        budget.bytes = bytes
        guard let next = next ?? entries.next else { return true }
        guard isDescending else {
            start = next[...]
            return false
        }
        end = next[...]
        // As an end it would mean no bound, and no key is below it.
        return next == [0]
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
