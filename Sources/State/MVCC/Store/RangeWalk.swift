import EtcdAPI

/// Iterates over the pairs of a response in the response's order, slice by slice.
///
/// A slice has two steps: `find`, under the store's lock, takes records from the index, or from
/// `selection`, which was collected and ordered first; `read` reads them without the lock. What the
/// second step has no budget for is left to the next slice. Pairs that need the index alone are
/// complete after the first step.
struct RangeWalk {
    private let plan: RangePlan
    private var position: RangePosition
    private var selectionIndex = 0
    /// Records that were found, and how many of them were read.
    private var found: ContiguousArray<FoundRecord> = []
    private var readIndex = 0
    private var foundCount = 0
    private var readBytes = 0
    /// Whether the last record was found.
    private(set) var isFound = false
    /// Whether the limit excluded pairs; final when done.
    private(set) var hasMore = false

    init(_ plan: RangePlan) {
        self.plan = plan
        position = RangePosition(plan)
    }

    /// Pairs read so far.
    var readCount: Int { foundCount - (found.count - readIndex) }

    /// Whether the last pair was read.
    var isDone: Bool { isFound && readIndex == found.count }

    /// The first step of a slice.
    ///
    /// - Parameter take: gets the pairs that need the index alone, and returns the bytes of each.
    mutating func find(
        over selection: RangeSelection?, in state: borrowing StoreState, budget: inout RangeBudget,
        _ take: (ResponsePair) -> Int
    ) throws(StoreError) {
        let buffered = BufferedRecords(state)
        guard readIndex == found.count else {
            // Meanwhile records may have moved from the write buffer to the file.
            for index in readIndex..<found.count {
                found[index].buffered = buffered.value(of: found[index].revision)
            }
            return
        }
        found.removeAll(keepingCapacity: true)
        readIndex = 0
        if let selection {
            let count = min(expectedPairs(budget), selection.count - selectionIndex)
            for index in selectionIndex..<selectionIndex + count {
                let record = selection[index].record
                add(FoundRecord(record: record, buffered: buffered.value(of: record.modified)))
            }
            budget.entries -= count
            endOfSelection(selection, at: selectionIndex + count)
        } else {
            try findInKeyOrder(in: state, buffered, budget: &budget, take)
        }
    }

    /// As above for a selection that was collected under the same hold of the lock, which may have
    /// ended. Takes all of it.
    mutating func find(all selection: RangeSelection) {
        for index in 0..<selection.count { add(selection[index]) }
        endOfSelection(selection, at: selection.count)
    }

    private mutating func add(_ record: FoundRecord) {
        found.append(record)
        foundCount += 1
    }

    private mutating func endOfSelection(_ selection: RangeSelection, at index: Int) {
        selectionIndex = index
        hasMore = selection.hasMore
        isFound = selectionIndex == selection.count
    }

    private mutating func findInKeyOrder(
        in state: borrowing StoreState, _ buffered: BufferedRecords, budget: inout RangeBudget,
        _ take: (ResponsePair) -> Int
    ) throws(StoreError) {
        let plan = plan
        let isIndexOnly = plan.isIndexOnly
        let limit = plan.limit ?? .max
        var isCut = false
        var part = budget
        // The bytes of records are not known before they are read.
        if !isIndexOnly { part = RangeBudget(entries: expectedPairs(budget), bytes: .max) }
        let before = part
        isFound = try position.advance(plan, in: state, budget: &part) {
            key, record throws(StoreError) in
            guard plan.admits(record) else { return .passed(bytes: 0) }
            if foundCount == limit {
                isCut = true
                return .stop
            }
            foundCount += 1
            guard isIndexOnly else {
                found.append(
                    FoundRecord(record: record, buffered: buffered.value(of: record.modified)))
                return .passed(bytes: 0)
            }
            return .passed(bytes: take(.converted(plan.pair(key, record))))
        }
        budget.entries -= before.entries - part.entries
        if isIndexOnly { budget.bytes -= before.bytes - part.bytes }
        hasMore = isCut
    }

    /// How many entries of the index to examine for a slice: about as many as it has bytes for, so
    /// that few records are found again by the next slice.
    private func expectedPairs(_ budget: RangeBudget) -> Int {
        let count = readCount
        guard count > 0 else { return budget.entries }
        let meanBytes = max(readBytes / count, 1)
        return max(min(budget.entries, budget.bytes / meanBytes + Self.sparePairs), 1)
    }

    private static let sparePairs = 8

    /// The second step of a slice; needs no lock. `take` returns the bytes of a pair.
    ///
    /// - Parameter pairsMax: the most pairs to read.
    mutating func read(
        _ records: inout RetainedRecords, budget: inout RangeBudget, pairsMax: Int = .max,
        _ take: (ResponsePair) -> Int
    ) throws(StoreError) {
        let end = readIndex + min(found.count - readIndex, max(pairsMax, 0))
        var prefetchEnd = plan.prefetches ? readIndex : end
        while readIndex < end, budget.bytes > 0 {
            if readIndex == prefetchEnd {
                prefetchEnd = min(end, readIndex + Self.prefetchBatchMax)
                records.prefetch(found[readIndex..<prefetchEnd])
            }
            let bytes = take(try plan.pair(found[readIndex], in: &records))
            readIndex += 1
            readBytes += bytes
            budget.bytes -= bytes
        }
    }

    /// Records prefetched at once.
    private static let prefetchBatchMax = 32
}
