package import Identifiers

/// One compaction: scheduled, waiting for its persistence, then executed in steps.
final class CompactionJob {
    /// The next step.
    enum Phase {
        /// Compacting the key index; nil starts from the first key.
        case index(from: [UInt8]?)
        /// Removing records from the file; nil starts from the first record.
        case records(from: [UInt8]?)
    }

    /// The compaction's revision.
    let revision: Revision
    /// The previous compaction; -1 for none.
    let previous: Revision
    /// Whether this one was begun before a restart. It may have removed records already, so its
    /// hash does not cover every record and is not kept. All others run after the previous one has
    /// finished, also if they were scheduled before that.
    let isResumed: Bool
    /// The write buffer batch that records this compaction as scheduled; nil once it is in the
    /// file.
    fileprivate(set) var requestBatch: WriteBufferBatch?
    var phase = Phase.index(from: nil)
    var hash = RecordHash(bucket: StoreBucket.key)
    /// Whether no key has a change that is kept: then the hash covers everything.
    var keepsNothing = false
    /// Records removed.
    var removedCount = 0

    init(
        revision: Revision, previous: Revision, isResumed: Bool = false,
        requestBatch: WriteBufferBatch?
    ) {
        self.revision = revision
        self.previous = previous
        self.isResumed = isResumed
        self.requestBatch = requestBatch
    }
}

extension StoreState {
    /// The compactions that a batch records as scheduled need not wait for it any more.
    mutating func markScheduled(in batch: WriteBufferBatch) {
        for job in compactions where job.requestBatch === batch { job.requestBatch = nil }
    }
}

/// The result of a compaction step.
package enum CompactionProgress: Equatable, Sendable {
    /// No compaction is pending.
    case idle
    /// The compaction waits: until its scheduling is in the file, or for a reader's pin.
    case waiting
    /// A slice of the index was compacted; the next step may follow at once.
    case indexed
    /// A batch of records was processed and its removal committed; pause before the next.
    case removed
    /// A compaction is finished.
    case finished(CompactionReport)
}

/// The report of a finished compaction.
package struct CompactionReport: Equatable, Sendable {
    /// Its revision.
    package var revision: Revision
    /// Records that it removed from the file (since the restart, if it was resumed).
    package var removedCount: Int
    /// Hash of the records that it processed.
    package var hash: KeyValueHash
}
