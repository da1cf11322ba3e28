package import Bolt
package import Identifiers

/// Names of buckets and keys that the store reads and writes.
package enum StoreBucket {
    /// The records, by revision.
    package static let key = Array("key".utf8)
    /// Metadata of the member's state.
    package static let meta = Array("meta".utf8)
    /// In `meta`: index of the last applied entry, big-endian u64.
    package static let consistentIndex = Array("consistent_index".utf8)
    /// In `meta`: term of that entry, big-endian u64.
    package static let term = Array("term".utf8)
    /// In `meta`: the membership configuration as JSON.
    package static let confState = Array("confState".utf8)
    /// In `meta`: revision key of the last scheduled compaction.
    package static let scheduledCompaction = Array("scheduledCompactRev".utf8)
    /// In `meta`: revision key of the last finished compaction.
    package static let finishedCompaction = Array("finishedCompactRev".utf8)
    /// In `meta`: version of the file's layout, ASCII.
    package static let storageVersion = Array("storageVersion".utf8)

    /// Stores the last applied entry in the bucket `meta`.
    package static func recordApplied(
        index: LogIndex, term: Term, in meta: BoltWriteBucket
    ) throws(BoltError) {
        try meta.put(consistentIndex, bigEndian(index.rawValue))
        try meta.put(Self.term, bigEndian(term.rawValue))
    }

    package static func bigEndian(_ value: UInt64) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { bytes in Array(bytes) }
    }
}
