import Bolt
import EtcdAPI
import Identifiers

/// Records that one step of a compaction processes.
struct CompactionBatch {
    private struct Entry {
        let record: RecordCursor.Record
        var isKept = false
    }

    private let limit: Int
    private var entries: ContiguousArray<Entry> = []
    /// Where the next batch begins; nil when this is the last.
    private(set) var resumeKey: [UInt8]?
    /// Records to be removed.
    private(set) var removedCount = 0

    init(limit: Int) {
        self.limit = max(limit, 1)
    }

    /// Reads records at or below a main revision. The caller holds the file snapshot.
    mutating func read(
        _ bucket: BoltBucket, from start: [UInt8]?, through main: Revision
    ) throws(StoreError) {
        var cursor = RecordCursor(bucket)
        var next = if let start { try cursor.seek(start) } else { try cursor.next() }
        while let record = next {
            if record.name.revision.main > main { return }
            if entries.count == limit {
                resumeKey = Array(record.key)
                return
            }
            entries.append(Entry(record: record))
            next = try cursor.next()
        }
    }

    /// Marks the records that are kept: the newest change of a key at the compaction's revision,
    /// unless that is a deletion from before it.
    mutating func markKept(
        _ job: CompactionJob, by index: some KeyIndexReading
    ) throws(StoreError) {
        for position in entries.indices {
            let name = entries[position].record.name
            let view = try entries[position].record.view()
            let change = index.change(of: view.key, at: job.revision)
            let isNewest = change?.modified == name.revision
            let isRetained = !name.isTombstone || name.revision.main == job.revision
            entries[position].isKept = isNewest && isRetained
            if !entries[position].isKept { removedCount += 1 }
        }
    }

    /// Adds the records that a hash at the compaction's revision covers: everything after the
    /// previous compaction, and the kept records below it.
    func hash(into hash: inout RecordHash, previous: Revision, keepsNothing: Bool) {
        for entry in entries {
            let main = entry.record.name.revision.main
            if main <= previous, !keepsNothing, !entry.isKept { continue }
            if main == previous, entry.record.name.isTombstone { continue }
            hash.add(entry.record.key)
            hash.add(entry.record.value)
        }
    }

    /// Removes the records that are not kept.
    func remove(from bucket: BoltWriteBucket) throws(BoltError) {
        for entry in entries where !entry.isKept {
            try bucket.delete(entry.record.key)
        }
    }
}
