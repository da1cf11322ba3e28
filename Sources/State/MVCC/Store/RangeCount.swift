import EtcdAPI

/// The number of keys in a range, counted in slices.
struct RangeCount {
    /// Keys counted so far, regardless of limit and filters.
    private(set) var total: Int64 = 0
    private(set) var isDone = false
    /// The first key that is not counted yet.
    private var start: ArraySlice<UInt8>

    init(_ plan: RangePlan) { start = plan.request.key }

    /// Counts one slice.
    mutating func advance(
        _ plan: RangePlan, in state: borrowing StoreState, budget: inout RangeBudget
    ) {
        var entries = EntryBudget(max(budget.entries, 1))
        let before = entries.left
        total += withKeyRange(start, plan.request.rangeEnd) { start, end in
            Int64(state.index.count(from: start, to: end, at: plan.revision, entries: &entries))
        }
        budget.entries -= before - entries.left
        if let next = entries.next { start = next[...] } else { isDone = true }
    }
}
