package import EtcdAPI

/// How a range was answered.
package enum RangeOutcome {
    /// The answer is whole; only its header is missing. `revision` is the store's revision that
    /// belongs into it.
    case complete(revision: Int64)
    /// Too much for one slice: nothing was answered, the reader gives it in pieces.
    case large(RangeReader)
}

/// Ranges outside of transactions. Any thread, but the apply thread not inside `withWriteLock`.
extension Store {
    /// Answers a range whole if it fits one slice, else opens a reader pinned at the revision.
    ///
    /// Refuses with `.futureRevision` and `.compacted`. Keys, limits and sort numbers are as in
    /// RangeRequest and not checked here.
    package func range(
        _ request: RangeRequest, into answer: inout RangeAnswer
    ) throws(ReadError) -> RangeOutcome {
        if let revision = try answerSlice(request, into: &answer) {
            return .complete(revision: revision)
        }
        return .large(try openRange(request))
    }

    /// Opens a reader for a range, of whatever size; for RangeStream and large answers.
    package func openRange(_ request: RangeRequest) throws(ReadError) -> RangeReader {
        let (plan, pin, storeRevision) = try pinnedPlan(request)
        let count = request.countOnly ? 0 : withReadLock { store in store.count(plan) }
        return RangeReader(
            plan, store: self, pin: pin, storeRevision: storeRevision, count: count)
    }

    private func pinnedPlan(
        _ request: RangeRequest
    ) throws(ReadError) -> (RangePlan, RevisionPin, storeRevision: Int64) {
        lock.lockForWriting()
        defer { lock.unlock() }
        let plan = RangePlan(request, revision: try revision(of: request))
        return (plan, pin(plan.revision), current)
    }

    /// The store's revision if the answer fits one slice, else nil with `answer` untouched.
    private func answerSlice(
        _ request: RangeRequest, into answer: inout RangeAnswer
    ) throws(ReadError) -> Int64? {
        lock.lockForReading()
        defer { lock.unlock() }
        let revision = try revision(of: request)
        if request.wantsOnePair {
            try ReadError.reading { () throws(StoreError) in
                try appendPair(of: request.key, at: revision, to: &answer)
            }
            return current
        }
        let plan = RangePlan(request, revision: revision)
        let expected = expectedPairs(plan)
        guard expected <= configuration.sliceKeys else { return nil }
        var budget = RangeBudget(keys: configuration.sliceKeys, bytes: configuration.sliceBytes)
        var whole = RangeAnswer(header: answer.header)
        let isWhole = try ReadError.reading { () throws(StoreError) in
            try fill(plan, into: &whole, budget: &budget, expectedPairs: expected)
        }
        guard isWhole else { return nil }
        answer = whole
        return current
    }

    /// The revision that is read. The caller holds the lock.
    private func revision(of request: RangeRequest) throws(ReadError) -> Int64 {
        try ReadError.reading { () throws(StoreError) in try requireIntact() }
        return try ReadError.checking { () throws(EtcdError) in
            try resolve(request.revision, newest: current)
        }
    }

    /// Most ranges are of one key: that takes no plan and no walk.
    private func appendPair(
        of key: ArraySlice<UInt8>, at revision: Int64, to answer: inout RangeAnswer
    ) throws(StoreError) {
        try key.withBytes { key throws(StoreError) in
            guard let record = index.get(key, at: revision) else { return }
            answer.append(keyValue: try storedValue(of: record.modified))
            answer.count = 1
        }
    }

    /// How many pairs the answer has at most, where that is counted; else 1. Cheaper than gathering
    /// too many to no end.
    private func expectedPairs(_ plan: RangePlan) -> Int {
        guard !plan.request.countOnly, !plan.request.rangeEnd.isEmpty, plan.sort == nil,
            (plan.limit ?? .max) > configuration.sliceKeys
        else { return 1 }
        return min(plan.limit ?? .max, Int(count(plan)))
    }

    /// Answers whatever its size; the caller holds the lock.
    func answerWhole(
        _ plan: RangePlan, into answer: inout RangeAnswer
    ) throws(StoreError) {
        var budget = RangeBudget.unlimited
        let isWhole = try fill(plan, into: &answer, budget: &budget)
        precondition(isWhole, "an unlimited budget covers every range")
    }

    /// Whether the budget sufficed.
    ///
    /// - Parameter expectedPairs: room is made for so many pairs like the first.
    private func fill(
        _ plan: RangePlan, into answer: inout RangeAnswer, budget: inout RangeBudget,
        expectedPairs: Int = 1
    ) throws(StoreError) -> Bool {
        if plan.request.countOnly {
            answer.count = count(plan)
            return true
        }
        var selection: RangeSelection?
        if plan.sort != nil {
            var gathering = RangeSelection(plan)
            try gathering.gather(plan, in: self, budget: &budget)
            guard gathering.isGathered else { return false }
            gathering.order(plan)
            selection = gathering
            budget.keys = max(budget.keys, gathering.count + 1)
        }
        var walk = RangeWalk(plan)
        try walk.advance(over: selection, in: self, budget: &budget) {
            key, record, records throws(StoreError) in
            let bytes = try plan.append(key, record, in: &records, to: &answer)
            if expectedPairs > 1, bytes == answer.keyValues.count {
                answer.reserve(bytes: min(bytes * (expectedPairs - 1), configuration.sliceBytes))
            }
            return bytes
        }
        guard walk.isDone else { return false }
        answer.more = walk.hasMore
        answer.count =
            plan.limit == nil && !plan.isFiltered && plan.sort == nil
            ? Int64(walk.givenCount) : count(plan)
        return true
    }

    /// Keys in the range at the plan's revision, whatever limit and filters say. The caller holds
    /// the lock.
    func count(_ plan: RangePlan) -> Int64 {
        withKeyRange(plan.request.key, plan.request.rangeEnd) { start, end in
            Int64(index.count(from: start, to: end, at: plan.revision))
        }
    }
}
