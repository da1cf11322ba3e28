package import EtcdAPI

/// Reads a range that is too large for one slice, all of it at one revision, with bounded memory.
///
/// Use: `prepare` until it returns true, which gathers and sorts where the request sorts, and adds
/// up sizes if asked to; then `read` until it returns true; `close` at the end (also done by
/// deinit). Each call holds the store's lock for one slice. Any call refuses with `.compacted` once
/// the reader's pin was revoked.
///
/// Used by one thread at a time.
package final class RangeReader {
    private let store: Store
    private let plan: RangePlan
    private let pin: RevisionPin
    private var selection: RangeSelection?
    private var isOrdered: Bool
    private var sizing: RangeWalk
    private var reading: RangeWalk
    /// The store's revision when the reader was opened; belongs into the answer's header.
    package let storeRevision: Int64
    /// Keys in the range, whatever limit and filters say.
    package let count: Int64
    /// Bytes of all pairs with their tags and lengths, once `prepare(sizing: true)` is done.
    package private(set) var pairsSizeBytes = 0

    init(_ plan: RangePlan, store: Store, pin: RevisionPin, storeRevision: Int64, count: Int64) {
        self.plan = plan
        self.store = store
        self.pin = pin
        self.storeRevision = storeRevision
        self.count = count
        selection = plan.sort == nil ? nil : RangeSelection(plan)
        isOrdered = plan.sort == nil
        sizing = RangeWalk(plan)
        reading = RangeWalk(plan)
    }

    deinit {
        close()
    }

    /// The revision that is read.
    package var revision: Int64 { plan.revision }

    /// Whether the limit cut pairs off; final when sizing or reading is done.
    package var more: Bool { sizing.hasMore || reading.hasMore }

    /// Whether every pair was read.
    package var isDone: Bool { reading.isDone }

    /// Does one slice of what has to come before the first `read`; true when there is no more of
    /// it. With `sizing` also adds up `pairsSizeBytes` and settles `more`.
    package func prepare(sizing isSizing: Bool) throws(ReadError) -> Bool {
        guard isOrdered else { return try gather() && !isSizing }
        guard isSizing, !sizing.isDone else { return true }
        try withSlice { store throws(StoreError) in
            var budget = sliceBudget
            try sizing.advance(over: selection, in: store, budget: &budget) {
                key, record, records throws(StoreError) in
                pairsSizeBytes += try plan.pairSizeBytes(key, record, in: &records)
                return 0
            }
        }
        return sizing.isDone
    }

    private func gather() throws(ReadError) -> Bool {
        guard var gathering = selection else { return true }
        selection = nil
        try withSlice { store throws(StoreError) in
            var budget = sliceBudget
            try gathering.gather(plan, in: store, budget: &budget)
        }
        if gathering.isGathered {
            gathering.order(plan)
            isOrdered = true
        }
        selection = gathering
        return isOrdered
    }

    private var sliceBudget: RangeBudget {
        RangeBudget(keys: store.configuration.sliceKeys, bytes: store.configuration.sliceBytes)
    }

    /// Appends the next pairs, with tags and lengths as in a RangeResponse, to `writer`, which
    /// must be able to grow; at most `keys` of them, ending with the one that reaches `bytes`.
    /// Returns true when there are no more. One call is one or more slices.
    package func read(
        keys: Int, bytes: Int, into writer: inout WireWriter
    ) throws(ReadError) -> Bool {
        precondition(isOrdered, "a reader is prepared before it reads")
        var left = RangeBudget(keys: keys, bytes: bytes)
        while !reading.isDone, isFull || !left.isSpent {
            try readSlice(&left, into: &writer)
        }
        return reading.isDone
    }

    /// Whether the limit is reached: all that is left to learn is whether there are more.
    private var isFull: Bool { reading.givenCount == plan.limit }

    private func readSlice(
        _ left: inout RangeBudget, into writer: inout WireWriter
    ) throws(ReadError) {
        var budget = sliceBudget
        if !isFull {
            budget = RangeBudget(
                keys: min(budget.keys, left.keys), bytes: min(budget.bytes, left.bytes))
        }
        let before = writer.count
        var pairs = 0
        try withSlice { store throws(StoreError) in
            try reading.advance(over: selection, in: store, budget: &budget) {
                key, record, records throws(StoreError) in
                pairs += 1
                return try plan.append(key, record, in: &records, to: &writer)
            }
        }
        left.keys -= pairs
        left.bytes -= writer.count - before
    }

    private func withSlice(_ body: (Store) throws(StoreError) -> Void) throws(ReadError) {
        store.lock.lockForReading()
        defer { store.lock.unlock() }
        guard !pin.isRevoked else { throw .refused(.compacted) }
        try ReadError.reading { () throws(StoreError) in
            try store.requireIntact()
            try body(store)
        }
    }

    /// What the runtime may revoke when the reader takes too long.
    package var revisionPin: RevisionPin { pin }

    /// Lets go of the revision. Reading afterwards refuses with `.compacted`. Not under the store's
    /// lock.
    package func close() {
        if !isClosed {
            isClosed = true
            store.remove(pin)
        }
    }

    private var isClosed = false
}
