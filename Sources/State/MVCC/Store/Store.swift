package import Bolt
package import Identifiers

/// The multi-version key-value store: the key index, the records in the file, and the write buffer
/// with the records that are applied but not yet in the file.
///
/// Guarantees: a read at a revision sees exactly the transactions up to it. A transaction is
/// visible completely or not at all. Visibility never waits for the file. After a crash the store
/// opens at some applied state that is never older than the last published batch.
///
/// Invariants: record revisions ascend from the file over `committing` to `open`; every revision in
/// the index that a read at `compacted` or later can find has its record in one of the three.
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
    /// The file snapshot that readers use.
    var snapshot: BoltReadTransaction
    /// The `key` bucket of `snapshot`.
    var keyBucket: BoltBucket? {
        didSet { keyFinder = keyBucket?.finder }
    }
    /// The finder of `keyBucket`.
    private(set) var keyFinder: BoltFinder?
    /// The write buffer batch that the backend thread is writing.
    var committing: WriteBufferBatch?
    /// The write buffer batch that the apply thread fills.
    var open = WriteBufferBatch()
    /// Revision of the last applied transaction that changed something; a new store has 1.
    var current: Revision = 1
    /// Revision below which reads are rejected; -1 before the first compaction.
    var compacted: Revision = -1
    /// Revision of the last finished compaction; -1 before the first.
    var finishedCompaction: Revision = -1
    /// Bytes of keys and values put since the start.
    var putBytes = 0
    /// The error that a change failed with, or the damage that it found. The member must stop:
    /// nothing more is read or persisted, and the changes of the failed transaction are not
    /// visible.
    package internal(set) var failure: StoreError?
    var pins: [RevisionPin] = []
    var compactions: [CompactionJob] = []
    var hashes: [KeyValueHash] = []
    let leases: (any LeaseBinding)?
    /// Decides which reads are permitted; nil while all are.
    var authority: (any ReadAuthority)?
    /// The same for those who do not hold the lock.
    let publishedAuthority = PublishedAuthority()
    /// Whether the apply thread holds the write lock. Owned by the apply thread.
    private(set) var isExclusive = false

    /// Opens the store: rebuilds the index, attaches keys to `leases` (which must be loaded
    /// before), and resumes a compaction that a crash interrupted.
    package init(
        bolt: Bolt, configuration: StoreConfiguration = StoreConfiguration(),
        leases: (any LeaseBinding)? = nil
    ) throws(StoreError) {
        self.bolt = bolt
        self.configuration = configuration
        self.leases = leases
        do throws(KeyIndexError) {
            index = try KeyIndex(reservedBytes: configuration.indexReservedBytes)
        } catch {
            throw .index(error)
        }
        try Self.createBuckets(in: bolt)
        let snapshot = bolt.beginRead()
        self.snapshot = snapshot
        keyBucket = try StoreError.reading { () throws(PageFault) in
            try snapshot.bucket(StoreBucket.key)
        }
        keyFinder = keyBucket?.finder
        try restore()
    }

    /// A consistent pair: the revision of the newest transaction and the one below which reads are
    /// rejected (-1 before the first compaction).
    package var revisions: (current: Revision, compacted: Revision) {
        lock.lockForReading()
        defer { lock.unlock() }
        return (current, compacted)
    }

    /// The revision of the newest transaction, inside `withWriteLock` or not. Apply thread only.
    package var newestRevision: Revision { isExclusive ? current : revisions.current }

    /// Whether there are changes to be written to the file.
    package var hasPending: Bool { withReadLock { state in !state.open.isEmpty } }

    /// Bytes of keys and values put since the start.
    package var putSizeBytes: Int { withReadLock { state in state.putBytes } }

    /// Keys that exist at the current revision.
    package var liveKeyCount: Int { withReadLock { state in state.index.liveKeyCount } }

    /// Bytes that the key index may grow to, for pages and for history each: less than configured
    /// where the system limits address space.
    package var indexReservedBytes: Int { withReadLock { state in state.index.reservedBytes } }

    /// Whether more than so many eighths of the key index are used. Apply thread, inside
    /// `withWriteLock`.
    package func isIndexFilled(eighths: Int) -> Bool { index.isFilled(eighths: eighths) }

    /// Bytes of the key index.
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

    /// Bytes that are applied and not yet in the file, within `withWriteLock`.
    package var pendingBytesWhileApplying: Int {
        open.heldBytes + (committing?.heldBytes ?? 0)
    }

    /// Runs `body` under one hold of the write lock, so that readers see all its transactions at
    /// once and the backend never takes a part of them. Apply thread only.
    ///
    /// All changes of one applied entry, including those of other modules and `setApplied`, are
    /// made in one such call. Watchers are notified after it.
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

    /// Throws once a write transaction has failed. The caller holds the lock.
    @inline(__always)
    func requireIntact() throws(StoreError) {
        if let failure { throw failure }
    }
}
