import Bolt
import EtcdAPI

/// Records that one step of a compaction looks at.
struct CompactionBatch {
    private struct Entry {
        let record: RecordCursor.Record
        var isKept = false
    }

    private let limit: Int
    private var entries: ContiguousArray<Entry> = []
    /// Where the next batch begins; nil when this is the last.
    private(set) var resumeKey: [UInt8]?
    /// Records that go.
    private(set) var removedCount = 0

    init(limit: Int) {
        self.limit = max(limit, 1)
    }

    /// Reads records at or below a main revision. The file snapshot is held by the caller.
    mutating func read(
        _ bucket: BoltBucket, from start: [UInt8]?, through main: Int64
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

    /// Decides what stays: the newest change of its key at the compaction's revision, unless that
    /// is a deletion from before it. The caller holds the store's lock.
    mutating func judge(_ job: CompactionJob, by index: KeyIndex) throws(StoreError) {
        for place in entries.indices {
            let name = entries[place].record.name
            let view = try entries[place].record.view()
            let change = index.change(of: view.key, at: job.revision)
            let isNewest = change?.modified == name.revision
            let stays = !name.isTombstone || name.revision.main == job.revision
            entries[place].isKept = isNewest && stays
            if !entries[place].isKept { removedCount += 1 }
        }
    }

    /// Adds what a hash at the compaction's revision covers: everything after the previous
    /// compaction, and of the rest what is kept.
    func hash(into hash: inout RecordHash, previous: Int64, keepsNothing: Bool) {
        for entry in entries {
            let main = entry.record.name.revision.main
            if main <= previous, !keepsNothing, !entry.isKept { continue }
            if main == previous, entry.record.name.isTombstone { continue }
            hash.add(entry.record.key)
            hash.add(entry.record.value)
        }
    }

    /// Removes what does not stay.
    func remove(from bucket: BoltWriteBucket) throws(BoltError) {
        for entry in entries where !entry.isKept {
            try bucket.delete(entry.record.key)
        }
    }
}
