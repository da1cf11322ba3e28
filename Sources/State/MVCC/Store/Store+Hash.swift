package import Bolt
import EtcdAPI
package import Identifiers

/// Hashes for the comparison between members.
extension Store {
    /// The hashes of the last compactions, ascending by revision, at most 10.
    package var compactionHashes: [KeyValueHash] { lock.withReadLock { state in state.hashes } }

    /// The hash of the compaction at exactly this revision.
    package func compactionHash(at revision: Revision) -> KeyValueHash? {
        compactionHashes.first { hash in hash.revision == revision }
    }

    /// Begins a hash at a revision; 0 for the newest. Throws `.compacted` and `.futureRevision`.
    package func beginHash(at requested: Revision) throws(ReadError) -> HashJob {
        try lock.withWriteLock { state throws(ReadError) in
            try ReadError.reading { () throws(StoreError) in try state.requireIntact() }
            guard requested <= 0 || requested >= state.compacted else {
                throw .refused(.compacted)
            }
            guard requested <= state.current else { throw .refused(.futureRevision) }
            return HashJob(self, &state, revision: requested == 0 ? state.current : requested)
        }
    }

    /// HashKV in one call: the stored hash of the compaction at the revision, else a new hash.
    package func hashKV(
        at revision: Revision
    ) throws(ReadError) -> (hash: KeyValueHash, storeRevision: Revision) {
        if revision > 0, let kept = compactionHash(at: revision) {
            return (kept, revisions.current)
        }
        let job = try beginHash(at: revision)
        while true {
            if let hash = try job.step(records: 1000) { return (hash, job.storeRevision) }
        }
    }

    /// Hash of a whole file: CRC-32C over each bucket's name, keys and values, without the keys in
    /// `meta` that differ between equal members. Persist before.
    package static func hashFile(
        _ transaction: BoltReadTransaction
    ) throws(StoreError) -> UInt32 {
        try StoreError.reading { () throws(PageFault) in try hashBuckets(transaction) }
    }

    private static func hashBuckets(
        _ transaction: BoltReadTransaction
    ) throws(PageFault) -> UInt32 {
        let ignored = [StoreBucket.consistentIndex, StoreBucket.term, StoreBucket.storageVersion]
        var hash = RecordHash()
        try transaction.forEachBucket { name, bucket throws(PageFault) in
            name.withUnsafeBytes { bytes in hash.add(bytes) }
            var cursor = bucket.cursor()
            while let (key, value) = try cursor.next() {
                if name != StoreBucket.meta || !ignored.contains(where: { key.elementsEqual($0) }) {
                    hash.add(key)
                    hash.add(value)
                }
            }
        }
        return hash.value
    }
}

extension StoreState {
    private static let keptHashes = 10

    /// Keeps a compaction's hash.
    mutating func keep(_ hash: KeyValueHash) {
        hashes.append(hash)
        hashes.sort { $0.revision < $1.revision }
        if hashes.count > Self.keptHashes { hashes.removeFirst(hashes.count - Self.keptHashes) }
    }
}
