import Bolt
import EtcdAPI

/// A hash of the store at a revision, made in steps.
///
/// CRC-32C over `key`, then key and value of every record up to the revision in order. Of the
/// records at or below the last compaction only those count that a read at the hashed revision
/// finds, and never a deletion made exactly at the compaction: so members agree whether or not
/// they have carried the compaction out, and with releases that drop such deletions. Where a read
/// finds nothing at all, what a finished compaction keeps is counted.
///
/// Any thread, one at a time; only records at or below the compaction take the store's lock.
package final class HashJob {
    private enum Source {
        case file
        case pending(generation: Int, place: Int)
        case done
    }

    private let store: Store
    private let pin: RevisionPin
    private let snapshot: BoltReadTransaction
    private let generations: [PendingGeneration]
    private let pending: [ContiguousArray<StoredRecord>]
    private let readsNothing: Bool
    private var cursor: RecordCursor?
    private var source = Source.file
    private var hash = RecordHash(bucket: StoreBucket.key)
    /// The revision hashed.
    package let revision: Int64
    /// The compaction taken into account; -1 for none.
    package let compactRevision: Int64
    /// The store's revision when the job began; belongs into the answer's header.
    package let storeRevision: Int64

    /// The caller holds the write lock.
    init(_ store: Store, revision: Int64) {
        self.store = store
        self.revision = revision
        compactRevision = store.compacted
        storeRevision = store.current
        pin = store.pin(max(store.compacted, 0))
        snapshot = store.snapshot
        generations = [store.committing, store.open].compactMap { $0 }
        pending = generations.map { generation in generation.records }
        cursor = store.keyBucket.map { RecordCursor($0) }
        readsNothing = !store.index.hasKey(at: revision)
    }

    deinit {
        store.remove(pin)
    }

    /// Hashes up to `records` records; gives the result after the last.
    package func step(records: Int) throws(ReadError) -> KeyValueHash? {
        try requirePin()
        for _ in 0..<max(records, 1) {
            guard try ReadError.reading({ () throws(StoreError) in try addNext() }) else {
                // What was hashed since is of one state only if the pin still holds.
                try requirePin()
                return KeyValueHash(
                    hash: hash.value, compactRevision: compactRevision, revision: revision)
            }
        }
        return nil
    }

    private func requirePin() throws(ReadError) {
        store.lock.lockForReading()
        defer { store.lock.unlock() }
        if pin.isRevoked { throw .refused(.compacted) }
    }

    private func addNext() throws(StoreError) -> Bool {
        switch source {
        case .file: return try addFromFile()
        case .pending(let generation, let place):
            return try addPending(generation: generation, place: place)
        case .done: return false
        }
    }

    private func addFromFile() throws(StoreError) -> Bool {
        guard let record = try cursor?.next() else {
            source = .pending(generation: 0, place: 0)
            return true
        }
        guard record.name.revision.main <= revision else {
            source = .done
            return true
        }
        if try counts(record.stored) {
            hash.add(record.key)
            hash.add(record.value)
        }
        return true
    }

    private func addPending(generation: Int, place: Int) throws(StoreError) -> Bool {
        guard generation < pending.count else { return false }
        guard place < pending[generation].count else {
            source = .pending(generation: generation + 1, place: 0)
            return true
        }
        let record = pending[generation][place]
        source = .pending(generation: generation, place: place + 1)
        guard record.revision.main <= revision else { return false }
        if try counts(record) {
            let name = RevisionKey(record.revision, isTombstone: record.isTombstone)
            name.encoded.withUnsafeBytes { bytes in hash.add(bytes) }
            hash.add(record.value)
        }
        return true
    }

    private func counts(_ record: StoredRecord) throws(StoreError) -> Bool {
        let main = record.revision.main
        guard main <= compactRevision else { return true }
        if main == compactRevision, record.isTombstone { return false }
        guard let view = KeyValueView(stored: record.value) else {
            throw .malformedRecord(key: RevisionKey(record.revision).encoded)
        }
        store.lock.lockForReading()
        defer { store.lock.unlock() }
        let seenAt = readsNothing ? compactRevision : revision
        return store.index.get(view.key, at: seenAt)?.modified == record.revision
    }
}
