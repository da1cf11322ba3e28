import Bolt
import CCRC32C
import EtcdAPI
import Identifiers
import MVCC

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

    init(of bolt: Bolt) throws(ToolFailure) {
        let transaction = bolt.beginRead()
        defer { transaction.end() }
        sizeBytes = transaction.sizeBytes
        var buckets: [(name: [UInt8], bucket: BoltBucket)] = []
        do throws(PageFault) {
            let meta = try transaction.bucket(StoreBucket.meta)
            if let stored = try meta?.get(StoreBucket.storageVersion) {
                version = String(decoding: stored, as: UTF8.self)
            }
            try transaction.forEachBucket { buckets.append(($0, $1)) }
        } catch {
            throw .operation("\(error)")
        }
        for (name, bucket) in buckets {
            name.withUnsafeBytes { add($0) }
            try add(bucket, holdsRecords: name == StoreBucket.key)
        }
    }

    private mutating func add(_ bucket: BoltBucket, holdsRecords: Bool) throws(ToolFailure) {
        var live: Set<[UInt8]> = []
        var cursor = bucket.cursor()
        while let (key, value) = try Self.next(&cursor) {
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
        }
        if holdsRecords { keyCount = live.count }
    }

    private static func next(_ cursor: inout BoltCursor) throws(ToolFailure) -> BoltCursor.Entry? {
        do throws(PageFault) {
            return try cursor.next()
        } catch {
            throw .operation("\(error)")
        }
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        hash = crc32c_update(hash, bytes.baseAddress, bytes.count)
    }
}
