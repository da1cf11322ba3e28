import Bolt
package import EtcdAPI
package import Identifiers

/// Compaction: immediate for readers, in steps for index and file.
///
/// Of the records at or below the compaction's revision each key keeps its newest, unless that is a
/// deletion; a deletion made exactly at the revision stays until the next compaction.
extension Store {
    /// Makes a compaction effective for readers and schedules its execution.
    ///
    /// Throws `.compacted` at or below the last one (-1 before the first), `.futureRevision` above
    /// the newest revision. Apply thread only.
    package func scheduleCompaction(at revision: Revision) throws(EtcdError) {
        try lock.withWriteLockOrHold { state throws(EtcdError) in
            guard revision > state.compacted else { throw .compacted }
            guard revision <= state.current else { throw .futureRevision }
            state.compactions.append(
                CompactionJob(
                    revision: revision, previous: state.compacted, requestBatch: state.open))
            state.compacted = revision
            state.recordScheduledCompaction(revision)
        }
    }

    /// Revision of the last finished compaction; -1 before the first. A physical compaction at R
    /// has ended when this is at least R.
    package var finishedCompactionRevision: Revision {
        lock.withReadLock { state in state.finishedCompaction }
    }

    /// Runs the next step of the oldest pending compaction and commits its removals in a
    /// transaction of their own. Backend thread only; no write transaction is open and no taken
    /// batch is unpublished.
    package func compactionStep() throws(StoreError) -> CompactionProgress {
        let next = lock.withReadLock { state in
            state.compactions.first.map { job in
                (job, job.requestBatch != nil || state.isPinned(below: job.revision))
            }
        }
        guard let (job, isBlocked) = next else { return .idle }
        if isBlocked { return .waiting }
        switch job.phase {
        case .index(let cursor):
            try lock.withWriteLock { state throws(StoreError) in
                try state.compactIndex(job, from: cursor)
            }
            return .indexed
        case .records(let cursor):
            return try removeRecords(job, from: cursor)
        }
    }

    private func removeRecords(
        _ job: CompactionJob, from start: [UInt8]?
    ) throws(StoreError) -> CompactionProgress {
        let view = bolt.beginRead()
        defer { view.end() }
        var batch = CompactionBatch(limit: configuration.compactionBatchMax)
        let bucket = try StoreError.reading { () throws(PageFault) in
            try view.bucket(StoreBucket.key)
        }
        if let bucket { try batch.read(bucket, from: start, through: job.revision) }
        try lock.withReadLock { state throws(StoreError) in
            try batch.markKept(job, by: state.index)
        }
        batch.hash(into: &job.hash, previous: job.previous, keepsNothing: job.keepsNothing)
        do throws(BoltError) {
            try commit(batch, of: job)
            try publishSnapshot()
        } catch {
            throw .bolt(error)
        }
        job.removedCount += batch.removedCount
        guard let resumeKey = batch.resumeKey else { return .finished(finish(job)) }
        job.phase = .records(from: resumeKey)
        return .removed
    }

    private func commit(_ batch: CompactionBatch, of job: CompactionJob) throws(BoltError) {
        let isLast = batch.resumeKey == nil
        guard isLast || batch.removedCount > 0 else { return }
        let transaction = bolt.beginWrite()
        do throws(BoltError) {
            let bucket = try transaction.createBucketIfMissing(StoreBucket.key)
            bucket.fillPercent = 0.9
            try batch.remove(from: bucket)
            if isLast {
                let meta = try transaction.createBucketIfMissing(StoreBucket.meta)
                let revision = RevisionKey(RevisionPair(main: job.revision)).encoded
                try meta.put(StoreBucket.finishedCompaction, revision)
            }
        } catch {
            transaction.rollback()
            throw error
        }
        try transaction.commit()
    }

    private func finish(_ job: CompactionJob) -> CompactionReport {
        let hash = KeyValueHash(
            hash: job.hash.value, compactRevision: job.previous, revision: job.revision)
        return lock.withWriteLock { state in
            state.finishedCompaction = job.revision
            state.compactions.removeAll { listed in listed === job }
            if !job.isResumed { state.keep(hash) }
            return CompactionReport(
                revision: job.revision, removedCount: job.removedCount, hash: hash)
        }
    }
}

extension StoreState {
    /// Compacts a slice of the index.
    fileprivate mutating func compactIndex(
        _ job: CompactionJob, from cursor: [UInt8]?
    ) throws(StoreError) {
        // A pin may have been added since the check: none can be below `compacted` any more.
        let next = writableIndex.compact(
            at: job.revision, from: cursor, sliceKeys: configuration.sliceKeys, keep: { _ in })
        guard next == nil else {
            job.phase = .index(from: next)
            return
        }
        if !index.hasKey(at: job.revision) {
            job.keepsNothing = try !hasTombstone(at: job.revision)
        }
        job.phase = .records(from: nil)
    }

    /// Whether the file has a deletion at exactly this revision.
    private func hasTombstone(at main: Revision) throws(StoreError) -> Bool {
        guard var cursor = keyBucket.map({ RecordCursor($0) }) else { return false }
        var record = try cursor.seek(RevisionKey(RevisionPair(main: main)).encoded)
        while let name = record?.name, name.revision.main == main {
            if name.isTombstone { return true }
            record = try cursor.next()
        }
        return false
    }
}
