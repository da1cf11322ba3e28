import Bolt
import CCRC32C
import EtcdAPI
import Identifiers
import MVCC
import StandardStreams

/// The status of a database that `etcdutl snapshot status` prints.
struct SnapshotStatus {
    /// CRC-32C over name, keys and values of all buckets.
    var hash: UInt32 = 0
    /// Main revision of the last record.
    var revision: Revision = 0
    /// Number of live keys.
    var keyCount = 0
    var sizeBytes = 0
    /// Empty in a database of etcd 3.5.
    var version = ""

    private var liveKeys: LiveKeys

    init(
        of bolt: Bolt, progress: Progress, liveKeys: LiveKeys = LiveKeys()
    ) throws(ToolFailure) {
        self.liveKeys = liveKeys
        let transaction = bolt.beginRead()
        defer { transaction.end() }
        sizeBytes = transaction.sizeBytes
        var buckets: [(name: [UInt8], bucket: BoltBucket)] = []
        try reading { () throws(PageFault) in
            let meta = try transaction.bucket(StoreBucket.meta)
            if let stored = try meta?.get(StoreBucket.storageVersion) {
                version = String(decoding: stored, as: UTF8.self)
            }
            try transaction.forEachBucket { buckets.append(($0, $1)) }
        }
        for (name, bucket) in buckets {
            name.withUnsafeBytes { add($0) }
            var scan = BucketScan(bolt, progress: progress)
            if name == StoreBucket.key {
                try addRecords(bucket, &scan)
                keyCount = self.liveKeys.count
                while self.liveKeys.beginNextPass() { try countMore(bucket, bolt, progress) }
            } else {
                try scan.forEach(of: bucket) { (key, value) throws(ToolFailure) in
                    add(key)
                    add(value)
                    return true
                }
            }
        }
        progress.end()
    }

    private mutating func addRecords(
        _ bucket: BoltBucket, _ scan: inout BucketScan
    ) throws(ToolFailure) {
        try scan.forEachRecord(of: bucket) { (name, key, value) throws(ToolFailure) in
            add(key)
            add(value)
            revision = name.revision.main
            try track(name, value)
            return true
        }
    }

    private mutating func countMore(
        _ bucket: BoltBucket, _ bolt: Bolt, _ progress: Progress
    ) throws(ToolFailure) {
        var scan = BucketScan(bolt, progress: progress)
        try scan.forEachRecord(of: bucket) { (name, _, value) throws(ToolFailure) in
            try track(name, value)
            return true
        }
        keyCount += liveKeys.count
    }

    private mutating func track(
        _ name: RevisionKey, _ value: UnsafeRawBufferPointer
    ) throws(ToolFailure) {
        let view = try KeyValueView(record: name, value)
        if name.isTombstone {
            liveKeys.delete(view.key)
        } else {
            liveKeys.put(view.key, number: 0)
        }
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        hash = crc32c_update(hash, bytes.baseAddress, bytes.count)
    }
}

extension KeyValueView {
    /// Decodes the record of a revision.
    init(record name: RevisionKey, _ value: UnsafeRawBufferPointer) throws(ToolFailure) {
        do throws(WireError) {
            try self.init(decoding: value)
        } catch {
            throw .operation("cannot unmarshal value of revision \(name.revision): \(error)")
        }
    }
}
