import Bolt
import CCRC32C
import EtcdAPI
import MVCC

/// What `etcdutl snapshot status` tells of a database.
struct SnapshotStatus {
    /// CRC-32C over name, keys and values of all buckets.
    var hash: UInt32 = 0
    /// Main number of the last record.
    var revision: Int64 = 0
    /// Keys that exist.
    var keyCount = 0
    var sizeBytes = 0
    /// Empty in a database of etcd 3.5.
    var version = ""

    init(of bolt: Bolt) throws(ToolFailure) {
        let transaction = bolt.beginRead()
        defer { transaction.end() }
        sizeBytes = transaction.sizeBytes
        if let stored = transaction.bucket(StoreBucket.meta)?.get(StoreBucket.storageVersion) {
            version = String(decoding: stored, as: UTF8.self)
        }
        var names: [[UInt8]] = []
        transaction.forEachBucket { name, _ in names.append(name) }
        for name in names {
            guard let bucket = transaction.bucket(name) else { continue }
            name.withUnsafeBytes { add($0) }
            try add(bucket, holdsRecords: name == StoreBucket.key)
        }
    }

    private mutating func add(_ bucket: BoltBucket, holdsRecords: Bool) throws(ToolFailure) {
        var live: Set<[UInt8]> = []
        var cursor = bucket.cursor()
        var entry = cursor.first()
        while let (key, value) = entry {
            add(key)
            add(value)
            if holdsRecords {
                guard let name = RevisionKey(decoding: key) else {
                    throw .operation("cannot parse revision key: \(Array(key))")
                }
                guard let view = try? KeyValueView(decoding: value) else {
                    throw .operation("cannot unmarshal value, key: \(Array(key))")
                }
                revision = name.revision.main
                if name.isTombstone {
                    live.remove(Array(view.key))
                } else {
                    live.insert(Array(view.key))
                }
            }
            entry = cursor.next()
        }
        if holdsRecords { keyCount = live.count }
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        hash = crc32c_update(hash, bytes.baseAddress, bytes.count)
    }
}
