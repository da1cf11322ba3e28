import EtcdAPI

/// Walks over the pairs of an answer in the answer's order, slice by slice.
///
/// For a sorted range `selection` is gathered and ordered first; else the walk visits the index.
struct RangeWalk {
    private let plan: RangePlan
    private var position: RangePosition
    private var place = 0
    private var given = 0
    /// Pairs visited so far in key order.
    var givenCount: Int { given }
    /// Whether the last pair was visited.
    private(set) var isDone = false
    /// Whether the limit cut pairs off; final when done.
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
        while place < selection.count, !budget.isSpent {
            budget.bytes -= try body(nil, selection[place])
            budget.keys -= 1
            place += 1
        }
        isDone = place == selection.count
    }

    private mutating func advanceInKeyOrder(
        in store: Store, budget: inout RangeBudget,
        _ body: (UnsafeRawBufferPointer?, KeyRecord, inout RecordFinder) throws(StoreError) -> Int
    ) throws(StoreError) {
        let plan = plan
        var records = RecordFinder(store)
        let limit = plan.limit ?? .max
        var given = given
        var isCut = false
        let wanted = plan.readsAhead ? min(limit - given, budget.keys) : 0
        isDone = try position.advance(
            plan, in: store, budget: &budget, announcing: wanted, ahead: { records.expect($0) }
        ) { key, record throws(StoreError) in
            guard plan.admits(record) else { return .passed(bytes: 0) }
            if given == limit {
                isCut = true
                return .stop
            }
            given += 1
            return .passed(bytes: try body(key, record, &records))
        }
        self.given = given
        hasMore = isCut
    }
}
