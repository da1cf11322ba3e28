/// One compaction on its way: asked for, waiting to be in the file, then carried out in steps.
final class CompactionJob {
    /// What comes next.
    enum Phase {
        /// The key index drops history; nil starts from the first key.
        case index(from: [UInt8]?)
        /// Records leave the file; nil starts from the first record.
        case records(from: [UInt8]?)
    }

    /// The compaction's revision.
    let revision: Int64
    /// The compaction before it; -1 for none.
    let previous: Int64
    /// Whether that one had been carried out when this one was asked for. Only then the hash made
    /// on the way covers every record and is kept.
    let followsFinished: Bool
    /// The generation with the note that it was asked for; nil once that is in the file.
    var generation: PendingGeneration?
    var phase = Phase.index(from: nil)
    var hash = RecordHash(bucket: StoreBucket.key)
    /// Whether no key has a change to be kept: then the hash covers everything.
    var keepsNothing = false
    /// Records looked at and removed.
    var removedCount = 0

    init(
        revision: Int64, previous: Int64, followsFinished: Bool, generation: PendingGeneration?
    ) {
        self.revision = revision
        self.previous = previous
        self.followsFinished = followsFinished
        self.generation = generation
    }
}

/// What a step of compaction led to.
package enum CompactionProgress: Equatable, Sendable {
    /// No compaction is under way.
    case idle
    /// The compaction has to wait: until the note of it is in the file, or for a reader's pin.
    case waiting
    /// A slice of the index was compacted; the next step may follow at once.
    case indexed
    /// A batch of records was looked at and the removal committed; pause before the next.
    case removed
    /// A compaction was carried out.
    case finished(CompactionReport)
}

/// What a finished compaction did.
package struct CompactionReport: Equatable, Sendable {
    /// Its revision.
    package var revision: Int64
    /// Records removed from the file by it (since the start, if it was resumed).
    package var removedCount: Int
    /// Hash of the records that it looked at.
    package var hash: KeyValueHash
}
