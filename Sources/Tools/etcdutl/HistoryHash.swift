import Bolt
import CCRC32C
import EtcdAPI
import Identifiers
import MVCC
import StandardStreams

/// The hash of a closed database that members compare: that of `HashJob` of MVCC, which describes
/// what it covers. It is computed without the index of all keys, in bounded memory.
struct HistoryHash {
    private(set) var hash: UInt32 = 0
    /// The revision hashed.
    let revision: Revision
    /// The compaction taken into account; -1 for none.
    let compactRevision: Revision

    /// - Parameter requested: 0 for the newest revision.
    init(
        of bolt: Bolt, at requested: Revision, progress: Progress, liveKeys: LiveKeys = LiveKeys()
    ) throws(ToolFailure) {
        let transaction = bolt.beginRead()
        defer { transaction.end() }
        let state = try StoredRevisions(transaction)
        guard requested <= 0 || requested >= state.compacted else {
            throw .operation("mvcc: required revision has been compacted")
        }
        guard requested <= state.current else {
            throw .operation("mvcc: required revision is a future revision")
        }
        revision = requested == 0 ? state.current : requested
        compactRevision = state.compacted
        add(StoreBucket.key)
        guard let records = state.records else { return }
        var visible = VisibleRecords(
            bolt, records, compacted: compactRevision, progress: progress, liveKeys: liveKeys)
        try visible.find(through: revision)
        // Without any key at the revision, what a finished compaction keeps is covered.
        if visible.keyCount == 0 { try visible.find(through: compactRevision) }
        try add(records, BucketScan(bolt, progress: progress), visible)
        progress.end()
    }

    private mutating func add(
        _ records: BoltBucket, _ scan: BucketScan, _ visible: VisibleRecords
    ) throws(ToolFailure) {
        var scan = scan
        var number = 0
        try scan.forEachRecord(of: records) { (name, key, value) throws(ToolFailure) in
            let main = name.revision.main
            guard main <= revision else { return false }
            let isCovered = main > compactRevision || visible.contains(number)
            number += 1
            if isCovered {
                add(key)
                add(value)
            }
            return true
        }
    }

    private mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        hash = crc32c_update(hash, bytes.baseAddress, bytes.count)
    }
}

/// The revisions at which a store opens a database.
private struct StoredRevisions {
    let records: BoltBucket?
    let current: Revision
    let compacted: Revision

    init(_ transaction: BoltReadTransaction) throws(ToolFailure) {
        let meta: BoltBucket?
        do throws(PageFault) {
            records = try transaction.bucket(StoreBucket.key)
            meta = try transaction.bucket(StoreBucket.meta)
        } catch {
            throw .operation("\(error)")
        }
        guard let records, let meta else {
            throw .operation("the file holds no key-value store")
        }
        let finished = try Self.revision(meta, StoreBucket.finishedCompaction)
        let scheduled = try Self.revision(meta, StoreBucket.scheduledCompaction)
        // A store resumes a compaction that is not finished.
        let compaction = max(finished, scheduled)
        compacted = compaction > 0 ? compaction : -1
        current = max(1, try Self.newest(records), compaction)
    }

    private static func newest(_ records: BoltBucket) throws(ToolFailure) -> Revision {
        try reading { () throws(PageFault) in
            var cursor = records.cursor()
            return try cursor.last().flatMap { RevisionKey(decoding: $0.key) }?.revision.main ?? 0
        }
    }

    private static func revision(
        _ meta: BoltBucket, _ name: [UInt8]
    ) throws(ToolFailure) -> Revision {
        let stored = try reading { () throws(PageFault) in try meta.get(name) }
        return stored?.withUnsafeBytes { RevisionKey(decoding: $0) }?.revision.main ?? 0
    }
}
