package import Bolt

/// The key-value store with revisions: the key index, the records in the file, and over them the
/// records that are applied but not yet in the file.
///
/// Guarantees: a read at a revision sees exactly the transactions up to it; a transaction is seen
/// whole or not at all; what a reader can see never waits for the file; after a crash the store
/// opens at some applied state that is never older than the last published batch.
///
/// Invariants: record revisions ascend from the file over `committing` to `open`; every revision
/// in the index that a read at `compacted` or later can meet has its record in one of the three.
///
/// Threads: `range`, readers, `revisions` and hashes from any thread; `beginWrite`,
/// `withWriteLock`, `scheduleCompaction` and the `set...` calls from the apply thread only;
/// `takePending`, `write`, `publishPersisted` and `compactionStep` from the backend thread only.
package final class Store: @unchecked Sendable {
    // `@unchecked Sendable`: everything mutable is guarded by `lock`, unless a line says which
    // thread owns it.
    let lock = StoreLock()
    let bolt: Bolt
    package let configuration: StoreConfiguration
    var index: KeyIndex
    /// The newest state of the file that readers use.
    var snapshot: BoltReadTransaction
    /// The `key` bucket of `snapshot`.
    var keyBucket: BoltBucket? {
        didSet { keyFinder = keyBucket?.finder }
    }
    /// What looks records up in `keyBucket`.
    private(set) var keyFinder: BoltFinder?
    /// The generation that the backend thread is writing.
    var committing: PendingGeneration?
    /// The generation that the apply thread fills.
    var open = PendingGeneration()
    /// Revision of the last applied transaction that changed something; a new store has 1.
    var current: Int64 = 1
    /// Revision below which reads are refused; -1 before the first compaction.
    var compacted: Int64 = -1
    /// Revision of the last compaction that was carried out; -1 before the first.
    var finishedCompaction: Int64 = -1
    /// Bytes of keys and values put since the start.
    var putBytes = 0
    /// Why a write transaction could not be carried out. What it has done by then is in the index
    /// and in the overlay: nothing of it may be read or stored.
    var failure: StoreError?
    var pins: [RevisionPin] = []
    var compactions: [CompactionJob] = []
    var hashes: [KeyValueHash] = []
    let leases: (any LeaseBinding)?
    /// Whether the apply thread holds the write lock. Owned by the apply thread.
    private(set) var isExclusive = false

    /// Opens the store: rebuilds the index, tells `leases` which keys hang on them (they must be
    /// loaded before), and finds a compaction that a crash interrupted.
    package init(
        bolt: Bolt, configuration: StoreConfiguration = StoreConfiguration(),
        leases: (any LeaseBinding)? = nil
    ) throws(StoreError) {
        self.bolt = bolt
        self.configuration = configuration
        self.leases = leases
        index = KeyIndex(reservedBytes: configuration.indexReservedBytes)
        try Self.createBuckets(in: bolt)
        let snapshot = bolt.beginRead()
        self.snapshot = snapshot
        keyBucket = try StoreError.reading { () throws(PageFault) in
            try snapshot.bucket(StoreBucket.key)
        }
        keyFinder = keyBucket?.finder
        try restore()
    }

    /// The revision of the newest transaction and the one below which reads are refused (-1 before
    /// the first compaction), as of one moment.
    package var revisions: (current: Int64, compacted: Int64) {
        lock.lockForReading()
        defer { lock.unlock() }
        return (current, compacted)
    }

    /// The revision of the newest transaction, inside `withWriteLock` or not. Apply thread only.
    package var newestRevision: Int64 { isExclusive ? current : revisions.current }

    /// Whether anything waits to be written into the file.
    package var hasPending: Bool { withReadLock { state in !state.open.isEmpty } }

    /// Bytes of keys and values put since the start.
    package var putSizeBytes: Int { withReadLock { state in state.putBytes } }

    /// Keys that exist now.
    package var liveKeyCount: Int { withReadLock { state in state.index.liveKeyCount } }

    /// Bytes that the key index takes.
    package var indexSizeBytes: Int { withReadLock { state in state.index.sizeBytes } }

    /// Changes and bytes that are applied and not yet in the file.
    package var pendingSize: (records: Int, bytes: Int) {
        withReadLock { state in
            (
                state.open.changeCount + (state.committing?.changeCount ?? 0),
                state.open.heldBytes + (state.committing?.heldBytes ?? 0)
            )
        }
    }

    /// Runs `body` under one hold of the write lock, so that readers see all its transactions at
    /// once and the backend never takes a part of them. Apply thread only.
    ///
    /// Everything that belongs to one applied entry, the changes of other modules and
    /// `setApplied` included, goes into one such call. Watchers are notified after it.
    package func withWriteLock<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard !isExclusive else { return try body() }
        lockForApply()
        defer { unlockForApply() }
        return try body()
    }

    func lockForApply() {
        lock.lockForWriting()
        isExclusive = true
    }

    func unlockForApply() {
        isExclusive = false
        lock.unlock()
    }

    @inline(__always)
    func withReadLock<Result, Failure: Error>(
        _ body: (Store) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.lockForReading()
        defer { lock.unlock() }
        return try body(self)
    }

    /// Refuses to go on once a write transaction has failed. The caller holds the lock.
    @inline(__always)
    func requireIntact() throws(StoreError) {
        if let failure { throw failure }
    }
}
