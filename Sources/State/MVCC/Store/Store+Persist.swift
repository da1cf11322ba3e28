package import Bolt
package import Identifiers

/// Persisting the write buffer.
extension Store {
    /// Records the last applied entry; it is persisted with everything applied up to it. Apply
    /// thread only.
    package func setApplied(index: LogIndex, term: Term) {
        lock.withWriteLockOrHold { state in state.recordApplied(index: index, term: term) }
    }

    /// Records the membership configuration in its stored form. Apply thread only.
    package func setConfState(_ stored: [UInt8]) {
        lock.withWriteLockOrHold { state in state.recordConfState(stored) }
    }

    /// Adds changes of other buckets to the open batch. Apply thread only.
    package func mutateBackend(_ body: (inout BoltWriteBatch) -> Void) {
        lock.withWriteLockOrHold { state in state.mutateBackend(body) }
    }

    /// Closes the open batch of the write buffer and opens a new one; constant time. Backend thread
    /// only.
    ///
    /// Readers see the batch until `publishPersisted`. One batch is taken at a time. Throws once a
    /// write transaction has failed: a partial entry is never stored.
    package func takePending() throws(StoreError) -> PendingBatch {
        try lock.withWriteLock { state throws(StoreError) in
            try state.requireIntact()
            precondition(state.committing == nil, "one batch is committed at a time")
            // After a failure the open batch may end within an entry: it is never written.
            let writes = state.failure == nil ? state.open : WriteBufferBatch()
            state.committing = writes
            if state.failure == nil { state.open = WriteBufferBatch() }
            return PendingBatch(writes: writes)
        }
    }

    /// Writes a batch into a transaction of the file. Backend thread only; no lock is held.
    package func write(
        _ batch: PendingBatch, to transaction: BoltWriteTransaction
    ) throws(BoltError) {
        let buffered = batch.writes
        try buffered.mutations.apply(to: transaction)
        try writeRecords(buffered, to: transaction)
        let meta = try transaction.createBucketIfMissing(StoreBucket.meta)
        if let applied = buffered.applied {
            try StoreBucket.recordApplied(index: applied.index, term: applied.term, in: meta)
        }
        if let confState = buffered.confState {
            try meta.put(StoreBucket.confState, confState)
        }
        if let revision = buffered.scheduledCompaction {
            try meta.put(
                StoreBucket.scheduledCompaction, RevisionKey(RevisionPair(main: revision)).encoded)
        }
    }

    private func writeRecords(
        _ buffered: WriteBufferBatch, to transaction: BoltWriteTransaction
    ) throws(BoltError) {
        guard !buffered.records.isEmpty else { return }
        let bucket = try transaction.createBucketIfMissing(StoreBucket.key)
        bucket.fillPercent = 0.9
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: RevisionKey.tombstoneSizeBytes, alignment: 8)
        defer { buffer.deallocate() }
        for record in buffered.records {
            let name = RevisionKey(record.revision, isTombstone: record.isTombstone)
            let count = name.encode(into: buffer)
            try bucket.put(UnsafeRawBufferPointer(rebasing: buffer[..<count]), record.value)
        }
    }

    /// Makes readers use the committed file instead of the batch. Backend thread only, after the
    /// transaction's commit.
    package func publishPersisted(_ batch: PendingBatch) throws(BoltError) {
        let (fresh, bucket) = try newestState()
        let old = lock.withWriteLock { state in
            precondition(state.committing === batch.writes, "the batch that was taken is published")
            let old = state.replaceSnapshot(fresh, bucket)
            state.committing = nil
            state.markScheduled(in: batch.writes)
            return old
        }
        // Retained until here so that the old snapshot is released outside the lock.
        withExtendedLifetime(old) {}
    }

    private func newestState() throws(BoltError) -> (BoltReadTransaction, BoltBucket?) {
        let fresh = bolt.beginRead()
        do throws(PageFault) {
            return (fresh, try fresh.bucket(StoreBucket.key))
        } catch {
            throw .corrupt(error)
        }
    }

    /// Moves readers to the file's newest state after a commit that held no batch.
    package func publishSnapshot() throws(BoltError) {
        let (fresh, bucket) = try newestState()
        let old = lock.withWriteLock { state in
            precondition(state.committing == nil, "no batch is being committed")
            return state.replaceSnapshot(fresh, bucket)
        }
        withExtendedLifetime(old) {}
    }

    /// Takes, writes, commits and publishes the pending changes. Backend thread only.
    package func persist() throws(StoreError) {
        let batch = try takePending()
        do throws(BoltError) {
            if !batch.isEmpty { try commit(batch) }
            try publishPersisted(batch)
        } catch {
            throw .bolt(error)
        }
    }

    private func commit(_ batch: PendingBatch) throws(BoltError) {
        let transaction = bolt.beginWrite()
        do throws(BoltError) {
            try write(batch, to: transaction)
        } catch {
            transaction.rollback()
            throw error
        }
        try transaction.commit()
    }
}
