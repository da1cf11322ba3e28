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
        return RangeReader(plan, store: self, pin: pin, storeRevision: storeRevision)
    }

    private func pinnedPlan(
        _ request: RangeRequest, check: ReadCheck
    ) throws(ReadError) -> (RangePlan, RevisionPin, storeRevision: Revision) {
        try lock.withWriteLock { state throws(ReadError) in
            let plan = RangePlan(request, revision: try state.revision(of: request, check: check))
            return (plan, state.pin(plan.revision, of: self), state.current)
        }
    }

    /// The store's revision if the response fits one slice, else nil with `response` untouched.
    private func readSlice(
        _ request: RangeRequest, into response: inout RangeResponse, check: ReadCheck
    ) throws(ReadError) -> Revision? {
        if request.wantsOnePair { return try readPair(request, into: &response, check: check) }
        guard
            var found = try lock.withReadLock({ state throws(ReadError) in
                try state.findSlice(request, check: check)
            })
        else { return nil }
        let isWhole = try ReadError.reading { () throws(StoreError) in
            try found.whole.read(&found.records, bytesMax: configuration.sliceBytes)
        }
        guard isWhole else { return nil }
        found.whole.response.header = response.header
        response = found.whole.response
        return found.storeRevision
    }

    /// Fast path for a single key, the most frequent range: needs no plan and no walk. Returns the
    /// store's revision.
    private func readPair(
        _ request: RangeRequest, into response: inout RangeResponse, check: ReadCheck
    ) throws(ReadError) -> Revision {
        let (found, storeRevision) = try lock.withReadLock { state throws(ReadError) in
            try state.findPair(request, into: &response, check: check)
        }
        guard var found else { return storeRevision }
        try ReadError.reading { () throws(StoreError) in
            try found.withValue { response.append(keyValue: $0) }
        }
        return storeRevision
    }
}

extension StoreState {
    /// The range of a request, if its index entries fit one slice.
    fileprivate func findSlice(
        _ request: RangeRequest, check: ReadCheck
    ) throws(ReadError) -> (whole: WholeRange, records: RetainedRecords, storeRevision: Revision)? {
        let plan = RangePlan(request, revision: try revision(of: request, check: check))
        let expected = expectedPairs(plan)
        guard expected <= configuration.sliceKeys else { return nil }
        var budget = RangeBudget(entries: configuration.sliceKeys, bytes: configuration.sliceBytes)
        var whole = WholeRange(plan, expectedPairs: expected)
        let isFound = try ReadError.reading { () throws(StoreError) in
            try whole.find(in: self, budget: &budget)
        }
        return isFound ? (whole, RetainedRecords(self), current) : nil
    }

    /// Appends the pair of a key if it is in the write buffer; returns it if it is in the file.
    fileprivate func findPair(
        _ request: RangeRequest, into response: inout RangeResponse, check: ReadCheck
    ) throws(ReadError) -> (FiledRecord?, storeRevision: Revision) {
        let revision = try revision(of: request, check: check)
        guard let record = request.key.withBytes({ index.get($0, at: revision) }) else {
            return (nil, current)
        }
        response.count = 1
        if let value = BufferedRecords(self).value(of: record.modified) {
            response.append(keyValue: value)
            return (nil, current)
        }
        return (FiledRecord(record.modified, in: self), current)
    }

    /// The revision that is read, once the read is permitted.
    fileprivate func revision(
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

    /// Upper bound of the pairs in the response where that is counted; else 1. Cheaper than
    /// collecting pairs that are discarded.
    fileprivate func expectedPairs(_ plan: RangePlan) -> Int {
        guard !plan.request.countOnly, !plan.request.rangeEnd.isEmpty, plan.sort == nil,
            (plan.limit ?? .max) > configuration.sliceKeys
        else { return 1 }
        // Only an estimate: more than a slice is a large range.
        var budget = RangeBudget(entries: configuration.sliceKeys, bytes: .max)
        var counting = RangeCount(plan)
        counting.advance(plan, in: self, budget: &budget)
        return counting.isDone ? min(plan.limit ?? .max, Int(counting.total)) : .max
    }

    /// Executes a range of any size, for the apply thread.
    func readWhole(
        _ plan: RangePlan, into response: inout RangeResponse
    ) throws(StoreError) {
        var whole = WholeRange(plan)
        var budget = RangeBudget.unlimited
        let isFound = try whole.find(in: self, budget: &budget)
        var records = RetainedRecords(self)
        let isWhole = try whole.read(&records, bytesMax: .max)
        precondition(isFound && isWhole, "an unlimited budget covers every range")
        whole.response.header = response.header
        response = whole.response
    }
}
