import EtcdAPI

/// A range that is read as a whole: `find` under one hold of the store's lock, `read` without it.
struct WholeRange {
    private let plan: RangePlan
    private let expectedPairs: Int
    private var selection: RangeSelection?
    private var walk: RangeWalk
    /// Without a header; complete after `read`.
    var response = RangeResponse()

    /// - Parameter expectedPairs: capacity is reserved for so many pairs of the first one's size.
    init(_ plan: RangePlan, expectedPairs: Int = 1) {
        self.plan = plan
        self.expectedPairs = expectedPairs
        selection = plan.sort == nil ? nil : RangeSelection(plan)
        walk = RangeWalk(plan)
    }

    /// Finds the records; returns whether the budget sufficed.
    mutating func find(
        in state: borrowing StoreState, budget: inout RangeBudget
    ) throws(StoreError) -> Bool {
        guard !plan.request.countOnly else { return count(in: state, budget: &budget) }
        if selection != nil {
            guard try collect(in: state, budget: &budget) else { return false }
        } else {
            try walk.find(over: nil, in: state, budget: &budget) { $0.append(to: &response) }
            guard walk.isFound else { return false }
            if plan.limit == nil, !plan.isFiltered { return true }
        }
        return count(in: state, budget: &budget)
    }

    /// Collects the records of a sorted range. The slices of a reader end with its budget; a
    /// transaction, which has no budget, drops what is beyond the limit after each slice.
    private mutating func collect(
        in state: borrowing StoreState, budget: inout RangeBudget
    ) throws(StoreError) -> Bool {
        guard var collecting = selection else { return true }
        selection = nil
        defer { selection = collecting }
        while true {
            var slice = budget
            slice.entries = min(slice.entries, state.configuration.sliceKeys)
            let before = slice.entries
            try collecting.collect(plan, in: state, budget: &slice)
            budget.entries -= before - slice.entries
            if collecting.isCollected { return true }
            guard budget.entries > 0 else { return false }
            var records = RetainedRecords(state)
            try collecting.settle(plan, &records)
        }
    }

    /// Keys in the range at the plan's revision, regardless of limit and filters.
    private mutating func count(in state: borrowing StoreState, budget: inout RangeBudget) -> Bool {
        var counting = RangeCount(plan)
        counting.advance(plan, in: state, budget: &budget)
        response.count = counting.total
        return counting.isDone
    }

    /// Reads what was found; returns whether it took at most so many bytes. Needs no lock.
    mutating func read(
        _ records: inout RetainedRecords, bytesMax: Int
    ) throws(StoreError) -> Bool {
        guard !plan.request.countOnly else { return true }
        if selection != nil {
            try selection?.settle(plan, &records)
            selection?.order(plan)
        }
        if let selection { walk.find(all: selection) }
        var budget = RangeBudget(entries: .max, bytes: bytesMax)
        try walk.read(&records, budget: &budget) { pair in
            let bytes = pair.append(to: &response)
            if expectedPairs > 1, bytes == response.keyValues.count {
                response.reserve(bytes: min(bytes * (expectedPairs - 1), bytesMax))
            }
            return bytes
        }
        response.more = walk.hasMore
        if plan.limit == nil, !plan.isFiltered, plan.sort == nil {
            response.count = Int64(walk.readCount)
        }
        return walk.isDone
    }
}
