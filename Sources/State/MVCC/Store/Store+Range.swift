package import EtcdAPI
package import Identifiers

/// How a range was executed.
package enum RangeExecution {
    /// The response is complete except for its header. `revision` is the store's revision for the
    /// header.
    case complete(revision: Revision)
    /// Too large for one slice: the response is unchanged, the reader returns it in pieces.
    case large(RangeReader)
}

/// Ranges outside of transactions. Any thread, but the apply thread not inside `withWriteLock`.
extension Store {
    /// Executes a range completely if it fits one slice, else opens a reader pinned at the
    /// revision.
    ///
    /// Throws the error of `check`, `.futureRevision` and `.compacted`. Keys, limits and sort numbers
    /// are as in RangeRequest and not checked here.
    ///
    /// - Parameter check: whether the caller may read the range.
    package func range(
        _ request: RangeRequest, into response: inout RangeResponse, check: ReadCheck
    ) throws(ReadError) -> RangeExecution {
        if let revision = try readSlice(request, into: &response, check: check) {
            return .complete(revision: revision)
        }
        return .large(try openRange(request, check: check))
    }

    /// Opens a reader for a range of any size; for RangeStream and large responses.
    package func openRange(
        _ request: RangeRequest, check: ReadCheck
    ) throws(ReadError) -> RangeReader {
        let (plan, pin, storeRevision) = try pinnedPlan(request, check: check)
        let count = request.countOnly ? 0 : withReadLock { store in store.count(plan) }
        return RangeReader(
            plan, store: self, pin: pin, storeRevision: storeRevision, count: count)
    }

    private func pinnedPlan(
        _ request: RangeRequest, check: ReadCheck
    ) throws(ReadError) -> (RangePlan, RevisionPin, storeRevision: Revision) {
        lock.lockForWriting()
        defer { lock.unlock() }
        let plan = RangePlan(request, revision: try revision(of: request, check: check))
        return (plan, pin(plan.revision), current)
    }

    /// The store's revision if the response fits one slice, else nil with `response` untouched.
    private func readSlice(
        _ request: RangeRequest, into response: inout RangeResponse, check: ReadCheck
    ) throws(ReadError) -> Revision? {
        lock.lockForReading()
        defer { lock.unlock() }
        let revision = try revision(of: request, check: check)
        if request.wantsOnePair {
            try ReadError.reading { () throws(StoreError) in
                try appendPair(of: request.key, at: revision, to: &response)
            }
            return current
        }
        let plan = RangePlan(request, revision: revision)
        let expected = expectedPairs(plan)
        guard expected <= configuration.sliceKeys else { return nil }
        var budget = RangeBudget(keys: configuration.sliceKeys, bytes: configuration.sliceBytes)
        var whole = RangeResponse(header: response.header)
        let isWhole = try ReadError.reading { () throws(StoreError) in
            try fill(plan, into: &whole, budget: &budget, expectedPairs: expected)
        }
        guard isWhole else { return nil }
        response = whole
        return current
    }

    /// The revision that is read, once the read is permitted. The caller holds the lock.
    private func revision(
        of request: RangeRequest, check: ReadCheck
    ) throws(ReadError) -> Revision {
        try ReadError.reading { () throws(StoreError) in try requireIntact() }
        if let authority {
            try ReadError.checking { () throws(EtcdError) in try check(authority) }
        }
        return try ReadError.checking { () throws(EtcdError) in
            try resolve(Revision(request.revision), newest: current)
        }
    }

    /// Fast path for a single key, the most frequent range: needs no plan and no walk.
    private func appendPair(
        of key: ArraySlice<UInt8>, at revision: Revision, to response: inout RangeResponse
    ) throws(StoreError) {
        try key.withBytes { key throws(StoreError) in
            guard let record = index.get(key, at: revision) else { return }
            response.append(keyValue: try storedValue(of: record.modified))
            response.count = 1
        }
    }

    /// Upper bound of the pairs in the response where that is counted; else 1. Cheaper than
    /// collecting pairs that are discarded.
    private func expectedPairs(_ plan: RangePlan) -> Int {
        guard !plan.request.countOnly, !plan.request.rangeEnd.isEmpty, plan.sort == nil,
            (plan.limit ?? .max) > configuration.sliceKeys
        else { return 1 }
        return min(plan.limit ?? .max, Int(count(plan)))
    }

    /// Executes a range of any size; the caller holds the lock.
    func readWhole(
        _ plan: RangePlan, into response: inout RangeResponse
    ) throws(StoreError) {
        var budget = RangeBudget.unlimited
        let isWhole = try fill(plan, into: &response, budget: &budget)
        precondition(isWhole, "an unlimited budget covers every range")
    }

    /// Fills the response; returns whether the budget sufficed.
    ///
    /// - Parameter expectedPairs: capacity is reserved for so many pairs of the first one's size.
    private func fill(
        _ plan: RangePlan, into response: inout RangeResponse, budget: inout RangeBudget,
        expectedPairs: Int = 1
    ) throws(StoreError) -> Bool {
        if plan.request.countOnly {
            response.count = count(plan)
            return true
        }
        var selection: RangeSelection?
        if plan.sort != nil {
            var collecting = RangeSelection(plan)
            try collecting.collect(plan, in: self, budget: &budget)
            guard collecting.isCollected else { return false }
            collecting.order(plan)
            selection = collecting
            budget.keys = max(budget.keys, collecting.count + 1)
        }
        var walk = RangeWalk(plan)
        try walk.advance(over: selection, in: self, budget: &budget) {
            key, record, records throws(StoreError) in
            let bytes = try plan.append(key, record, in: &records, to: &response)
            if expectedPairs > 1, bytes == response.keyValues.count {
                response.reserve(bytes: min(bytes * (expectedPairs - 1), configuration.sliceBytes))
            }
            return bytes
        }
        guard walk.isDone else { return false }
        response.more = walk.hasMore
        response.count =
            plan.limit == nil && !plan.isFiltered && plan.sort == nil
            ? Int64(walk.visitedCount) : count(plan)
        return true
    }

    /// Keys in the range at the plan's revision, regardless of limit and filters. The caller holds
    /// the lock.
    func count(_ plan: RangePlan) -> Int64 {
        withKeyRange(plan.request.key, plan.request.rangeEnd) { start, end in
            Int64(index.count(from: start, to: end, at: plan.revision))
        }
    }
}
