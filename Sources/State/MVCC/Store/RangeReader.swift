package import EtcdAPI
package import Identifiers

/// Reads a range that is too large for one slice, at one revision, with bounded memory.
///
/// Usage: `prepare` until it returns true, which collects and sorts where the request sorts, and
/// adds up sizes if requested; then `read` until it returns true; `close` at the end (also done by
/// deinit). Each call holds the store's lock for one slice. Any call throws `.compacted` once the
/// reader's pin was revoked.
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
    /// The store's revision when the reader was opened, for the response header.
    package let storeRevision: Revision
    /// Keys in the range, regardless of limit and filters.
    package let count: Int64
    /// Bytes of all pairs with their tags and lengths, after `prepare(sizing: true)`.
    package private(set) var pairsSizeBytes = 0

    init(_ plan: RangePlan, store: Store, pin: RevisionPin, storeRevision: Revision, count: Int64) {
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
    package var revision: Revision { plan.revision }

    /// Whether the limit excluded pairs; final when sizing or reading is done.
    package var more: Bool { sizing.hasMore || reading.hasMore }

    /// Whether every pair was read.
    package var isDone: Bool { reading.isDone }

    /// Runs one slice of the preparation for the first `read`; true when it is complete. With
    /// `sizing` also adds up `pairsSizeBytes` and determines `more`.
    package func prepare(sizing isSizing: Bool) throws(ReadError) -> Bool {
        guard isOrdered else { return try collect() && !isSizing }
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

    private func collect() throws(ReadError) -> Bool {
        guard var collecting = selection else { return true }
        selection = nil
        try withSlice { store throws(StoreError) in
            var budget = sliceBudget
            try collecting.collect(plan, in: store, budget: &budget)
        }
        if collecting.isCollected {
            collecting.order(plan)
            isOrdered = true
        }
        selection = collecting
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

    /// Whether the limit is reached: only whether there are more pairs is still unknown.
    private var isFull: Bool { reading.visitedCount == plan.limit }

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

    /// The reader's pin; the runtime may revoke it when the reader takes too long.
    package var revisionPin: RevisionPin { pin }

    /// Releases the revision. Reading afterwards throws `.compacted`. Not under the store's lock.
    package func close() {
        if !isClosed {
            isClosed = true
            store.remove(pin)
        }
    }

    private var isClosed = false
}
