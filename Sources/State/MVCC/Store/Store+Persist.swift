package import Bolt

/// The way from the overlay into the file.
extension Store {
    /// Notes the last applied entry; it goes into the file with all that was applied up to it.
    /// Apply thread only.
    package func setApplied(index: UInt64, term: UInt64) {
        withWriteLock { open.applied = (index, term) }
    }

    /// Notes the membership configuration in its stored form. Apply thread only.
    package func setConfState(_ stored: [UInt8]) {
        withWriteLock { open.confState = stored }
    }

    /// Adds changes of other buckets to what goes into the file next. Apply thread only.
    package func mutateBackend(_ body: (inout BoltWriteBatch) -> Void) {
        withWriteLock { body(&open.mutations) }
    }

    /// Closes the present overlay and opens a new one; constant time. Backend thread only.
    ///
    /// Readers go on to see the batch until `publishPersisted`. One batch is out at a time. Throws
    /// once a write transaction has failed: a part of an entry is never stored.
    package func takePending() throws(StoreError) -> PendingBatch {
        lock.lockForWriting()
        defer { lock.unlock() }
        try requireIntact()
        precondition(committing == nil, "one batch is on its way into the file at a time")
        // After a failure what is open may end within an entry: it is never written.
        let generation = failure == nil ? open : PendingGeneration()
        committing = generation
        if failure == nil { open = PendingGeneration() }
        return PendingBatch(generation: generation)
    }

    /// Writes a batch into a transaction of the file. Backend thread only; no lock is held.
    package func write(
        _ batch: PendingBatch, to transaction: BoltWriteTransaction
    ) throws(BoltError) {
        let generation = batch.generation
        try generation.mutations.apply(to: transaction)
        try writeRecords(generation, to: transaction)
        let meta = try transaction.createBucketIfMissing(StoreBucket.meta)
        if let applied = generation.applied {
            try StoreBucket.noteApplied(index: applied.index, term: applied.term, in: meta)
        }
        if let confState = generation.confState {
            try meta.put(StoreBucket.confState, confState)
        }
        if let revision = generation.scheduledCompaction {
            try meta.put(
                StoreBucket.scheduledCompaction, RevisionKey(Revision(main: revision)).encoded)
        }
    }

    private func writeRecords(
        _ generation: PendingGeneration, to transaction: BoltWriteTransaction
    ) throws(BoltError) {
        guard !generation.records.isEmpty else { return }
        let bucket = try transaction.createBucketIfMissing(StoreBucket.key)
        bucket.fillPercent = 0.9
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: RevisionKey.tombstoneSizeBytes, alignment: 8)
        defer { buffer.deallocate() }
        for record in generation.records {
            let name = RevisionKey(record.revision, isTombstone: record.isTombstone)
            let count = name.encode(into: buffer)
            try bucket.put(UnsafeRawBufferPointer(rebasing: buffer[..<count]), record.value)
        }
    }

    /// Lets readers see the committed file instead of the batch. Backend thread only, after the
    /// transaction's commit.
    package func publishPersisted(_ batch: PendingBatch) throws(BoltError) {
        let (fresh, bucket) = try newestState()
        lock.lockForWriting()
        precondition(committing === batch.generation, "the batch that was taken is published")
        let old = snapshot
        snapshot = fresh
        keyBucket = bucket
        committing = nil
        for job in compactions where job.generation === batch.generation {
            job.generation = nil
        }
        lock.unlock()
        // Kept until here so that the old snapshot ends outside the lock.
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
    func publishSnapshot() throws(BoltError) {
        let (fresh, bucket) = try newestState()
        lock.lockForWriting()
        precondition(committing == nil, "no batch is on its way into the file meanwhile")
        let old = snapshot
        snapshot = fresh
        keyBucket = bucket
        lock.unlock()
        withExtendedLifetime(old) {}
    }

    /// Takes, writes, commits and publishes what is pending. Backend thread only.
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
