package import EtcdAPI
package import Identifiers

/// Reads a range that is too large for one slice, at one revision, with bounded memory.
///
/// Usage: `prepare` until it returns true, which collects and sorts where the request sorts, and
/// adds up sizes if requested; then `read` until it returns true; `close` at the end (also done by
/// deinit). Any call throws `.compacted` once the reader's pin was revoked.
///
/// A call takes one slice at a time: it finds the records under the store's lock, and reads and
/// copies them without it.
///
/// Used by one thread at a time.
package final class RangeReader {
    private let store: Store
    private let plan: RangePlan
    private let pin: RevisionPin
    /// Whether the pin is this reader's own, and ends with it.
    private let ownsPin: Bool
    private var selection: RangeSelection?
    private var isOrdered: Bool
    private var sizing: RangeWalk
    private var reading: RangeWalk
    /// The store's revision when the reader was opened, for the response header.
    package let storeRevision: Revision
    private var counting: RangeCount
    /// Keys in the range, regardless of limit and filters; final when prepared.
    package var count: Int64 { counting.total }
    /// Bytes of all pairs with their tags and lengths, after `prepare(sizing: true)`.
    package private(set) var pairsSizeBytes = 0

    init(
        _ plan: RangePlan, store: Store, pin: RevisionPin, ownsPin: Bool = true,
        storeRevision: Revision
    ) {
        self.plan = plan
        self.store = store
        self.pin = pin
        self.ownsPin = ownsPin
        self.storeRevision = storeRevision
        counting = RangeCount(plan)
        let isSorted = plan.sort != nil && !plan.request.countOnly
        selection = isSorted ? RangeSelection(plan) : nil
        isOrdered = !isSorted
        sizing = RangeWalk(plan)
        reading = RangeWalk(plan)
    }

    deinit {
        close()
    }

    /// The revision that is read.
    package var revision: Revision { plan.revision }

    /// Whether the limit excluded pairs; final when sizing or reading is done.
    package var more: Bool { sizing.hasMore || reading.hasMore }

    /// Whether every pair was read.
    package var isDone: Bool { reading.isDone || plan.request.countOnly }

    /// Runs one slice of the preparation for the first `read`; true when it is complete. With
    /// `sizing` also adds up `pairsSizeBytes` and determines `more`.
    package func prepare(sizing isSizing: Bool) throws(ReadError) -> Bool {
        guard counting.isDone else { return try advanceCount() && isOrdered && !isSizing }
        guard isOrdered else { return try collect() && !isSizing }
        guard isSizing, !sizing.isDone, !plan.request.countOnly else { return true }
        var budget = sliceBudget
        var sizeBytes = 0
        // It copies nothing, so it is not charged for bytes.
        func take(_ pair: ResponsePair) -> Int {
            sizeBytes += pair.sizeBytes
            return 0
        }
        var records = try withSlice { state throws(StoreError) in
            try sizing.find(over: selection, in: state, budget: &budget, take)
        }
        try ReadError.reading { () throws(StoreError) in
            try sizing.read(&records, budget: &budget, take)
        }
        pairsSizeBytes += sizeBytes
        return sizing.isDone
    }

    private func advanceCount() throws(ReadError) -> Bool {
        _ = try withSlice { state throws(StoreError) in
            var budget = sliceBudget
            counting.advance(plan, in: state, budget: &budget)
        }
        return counting.isDone
    }

    private func collect() throws(ReadError) -> Bool {
        guard var collecting = selection else { return true }
        selection = nil
        var records = try withSlice { state throws(StoreError) in
            var budget = sliceBudget
            try collecting.collect(plan, in: state, budget: &budget)
        }
        try ReadError.reading { () throws(StoreError) in try collecting.settle(plan, &records) }
        if collecting.isCollected {
            collecting.order(plan)
            isOrdered = true
        }
        selection = collecting
        return isOrdered
    }

    private var sliceBudget: RangeBudget {
        RangeBudget(entries: store.configuration.sliceKeys, bytes: store.configuration.sliceBytes)
    }

    /// Appends the next pairs, with tags and lengths as in a RangeResponse, to `writer`, which
    /// must be able to grow; at most `keys` of them, ending with the one that reaches `bytes`.
    /// Returns true when there are no more. One call is one or more slices.
    package func read(
        keys: Int, bytes: Int, into writer: inout WireWriter
    ) throws(ReadError) -> Bool {
        var left = RangeBudget(entries: keys, bytes: bytes)
        try read(&left) { $0.append(to: &writer) }
        return isDone
    }

    /// Appends the next pairs to a response, one slice of them. Returns true when there are no more.
    package func readSlice(into response: inout RangeResponse) throws(ReadError) -> Bool {
        precondition(isOrdered, "a reader is prepared before it reads")
        guard !isDone else { return true }
        var left = sliceBudget
        try readOneSlice(&left) { $0.append(to: &response) }
        return isDone
    }

    /// - Parameter take: gets each pair, and returns the bytes that it took.
    private func read(
        _ left: inout RangeBudget, _ take: (ResponsePair) -> Int
    ) throws(ReadError) {
        precondition(isOrdered, "a reader is prepared before it reads")
        while !isDone, isFull || !left.isSpent { try readOneSlice(&left, take) }
    }

    /// Whether the limit is reached: only whether there are more pairs is still unknown.
    private var isFull: Bool { reading.readCount == plan.limit }

    private func readOneSlice(
        _ left: inout RangeBudget, _ take: (ResponsePair) -> Int
    ) throws(ReadError) {
        var budget = sliceBudget
        if !isFull {
            budget = RangeBudget(
                entries: min(budget.entries, left.entries), bytes: min(budget.bytes, left.bytes))
        }
        var (pairs, takenBytes) = (0, 0)
        func takeCounted(_ pair: ResponsePair) -> Int {
            let bytes = take(pair)
            pairs += 1
            takenBytes += bytes
            return bytes
        }
        var records = try withSlice { state throws(StoreError) in
            try reading.find(over: selection, in: state, budget: &budget, takeCounted)
        }
        try ReadError.reading { () throws(StoreError) in
            try reading.read(&records, budget: &budget, pairsMax: left.entries, takeCounted)
        }
        left.entries -= pairs
        left.bytes -= takenBytes
    }

    /// Runs the first step of a slice under the store's lock; returns what the second one reads.
    private func withSlice(
        _ body: (borrowing StoreState) throws(StoreError) -> Void
    ) throws(ReadError) -> RetainedRecords {
        try store.lock.withReadLock { state throws(ReadError) in
            guard !state.isRevoked(pin) else { throw .refused(.compacted) }
            try ReadError.reading { () throws(StoreError) in
                try state.requireIntact()
                try body(state)
            }
            return RetainedRecords(state)
        }
    }

    /// The reader's pin; the runtime may revoke it when the reader takes too long.
    package var revisionPin: RevisionPin { pin }

    /// Releases the revision. Reading afterwards throws `.compacted`. Not under the store's lock.
    package func close() {
        if !isClosed {
            isClosed = true
            if ownsPin { store.remove(pin) }
        }
    }

    private var isClosed = false
}
