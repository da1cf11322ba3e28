import EtcdAPI

/// Iterates over the pairs of a response in the response's order, slice by slice.
///
/// For a sorted range `selection` is collected and ordered first; otherwise the walk visits the
/// index.
struct RangeWalk {
    private let plan: RangePlan
    private var position: RangePosition
    private var selectionIndex = 0
    private var visited = 0
    /// Pairs visited so far in key order.
    var visitedCount: Int { visited }
    /// Whether the last pair was visited.
    private(set) var isDone = false
    /// Whether the limit excluded pairs; final when done.
    private(set) var hasMore = false

    init(_ plan: RangePlan) {
        self.plan = plan
        position = RangePosition(plan)
    }

    /// Visits the pairs of one slice; `body` returns the bytes a pair took. The caller holds the
    /// store's lock.
    mutating func advance(
        over selection: RangeSelection?, in store: Store, budget: inout RangeBudget,
        _ body: (UnsafeRawBufferPointer?, KeyRecord, inout RecordFinder) throws(StoreError) -> Int
    ) throws(StoreError) {
        if let selection {
            var records = RecordFinder(store)
            try advance(selection, budget: &budget) { key, record throws(StoreError) in
                try body(key, record, &records)
            }
        } else {
            try advanceInKeyOrder(in: store, budget: &budget, body)
        }
    }

    private mutating func advance(
        _ selection: RangeSelection, budget: inout RangeBudget,
        _ body: (UnsafeRawBufferPointer?, KeyRecord) throws(StoreError) -> Int
    ) throws(StoreError) {
        hasMore = selection.hasMore
        while selectionIndex < selection.count, !budget.isSpent {
            budget.bytes -= try body(nil, selection[selectionIndex])
            budget.keys -= 1
            selectionIndex += 1
        }
        isDone = selectionIndex == selection.count
    }

    private mutating func advanceInKeyOrder(
        in store: Store, budget: inout RangeBudget,
        _ body: (UnsafeRawBufferPointer?, KeyRecord, inout RecordFinder) throws(StoreError) -> Int
    ) throws(StoreError) {
        let plan = plan
        var records = RecordFinder(store)
        let limit = plan.limit ?? .max
        var visited = visited
        var isCut = false
        let prefetchCount = plan.prefetches ? min(limit - visited, budget.keys) : 0
        isDone = try position.advance(
            plan, in: store, budget: &budget, prefetchCount: prefetchCount,
            prefetch: { records.prefetch($0) }
        ) { key, record throws(StoreError) in
            guard plan.admits(record) else { return .passed(bytes: 0) }
            if visited == limit {
                isCut = true
                return .stop
            }
            visited += 1
            return .passed(bytes: try body(key, record, &records))
        }
        self.visited = visited
        hasMore = isCut
    }
}
