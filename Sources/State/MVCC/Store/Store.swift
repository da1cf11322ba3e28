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
/// What changes is in `StoreState`, which only the lock gives access to.
package final class Store: @unchecked Sendable {
    // `@unchecked Sendable`: the leases are called under the write lock only.
    let lock: StoreLock
    let bolt: Bolt
    package let configuration: StoreConfiguration
    let leases: (any LeaseBinding)?
    /// The authority of the state, for threads that do not hold the lock.
    let publishedAuthority = PublishedAuthority()

    /// Opens the store: rebuilds the index, attaches keys to `leases` (which must be loaded
    /// before), and resumes a compaction that a crash interrupted.
    package init(
        bolt: Bolt, configuration: StoreConfiguration = StoreConfiguration(),
        leases: (any LeaseBinding)? = nil
    ) throws(StoreError) {
        self.bolt = bolt
        self.configuration = configuration
        self.leases = leases
        var state = try StoreState.open(bolt, configuration)
        try state.restore(attachingTo: leases)
        lock = StoreLock(state)
    }

    /// A consistent pair: the revision of the newest transaction and the one below which reads are
    /// rejected (-1 before the first compaction).
    package var revisions: (current: Revision, compacted: Revision) {
        lock.withReadLock { state in (state.current, state.compacted) }
    }

    /// The revision of the newest transaction. Apply thread only.
    package var newestRevision: Revision { lock.withReadLockOrHold { state in state.current } }

    /// The error that a change failed with, or the damage that it found. The member must stop:
    /// nothing more is read or persisted, and the changes of the failed transaction are not
    /// visible. Apply thread only.
    package var failure: StoreError? { lock.withReadLockOrHold { state in state.failure } }

    /// Whether there are changes to be written to the file.
    package var hasPending: Bool { lock.withReadLock { state in !state.open.isEmpty } }

    /// Bytes of keys and values put since the start.
    package var putSizeBytes: Int { lock.withReadLock { state in state.putBytes } }

    /// Keys that exist at the current revision.
    package var liveKeyCount: Int { lock.withReadLock { state in state.index.liveKeyCount } }

    /// Bytes that the key index may grow to, for pages and for history each: less than configured
    /// where the system limits address space.
    package var indexReservedBytes: Int { lock.withReadLock { state in state.index.reservedBytes } }

    /// Whether more than so many eighths of the key index are used. Apply thread only.
    package func isIndexFilled(eighths: Int) -> Bool {
        lock.withReadLockOrHold { state in state.index.isFilled(eighths: eighths) }
    }

    /// Bytes of the key index.
    package var indexSizeBytes: Int { lock.withReadLock { state in state.index.sizeBytes } }

    /// Changes and bytes that are applied and not yet in the file.
    package var pendingSize: (records: Int, bytes: Int) {
        lock.withReadLock { state in
            (
                state.open.changeCount + (state.committing?.changeCount ?? 0),
                state.pendingBytes
            )
        }
    }

    /// Bytes that are applied and not yet in the file. Apply thread only.
    package var pendingBytesWhileApplying: Int {
        lock.withReadLockOrHold { state in state.pendingBytes }
    }

    /// Runs `body` under one hold of the write lock, so that readers see all its transactions at
    /// once and the backend never takes a part of them. Apply thread only.
    ///
    /// All changes of one applied entry, including those of other modules and `setApplied`, are
    /// made in one such call. Watchers are notified after it.
    package func withWriteLock<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let hold = lock.hold()
        do throws(Failure) {
            let result = try body()
            hold.end()
            return result
        } catch {
            hold.end()
            throw error
        }
    }
}
