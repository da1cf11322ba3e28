import Bolt
package import EtcdAPI

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
    private var cursor: BoltCursor?
    private var hasStarted = false
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
        cursor = store.keyBucket?.cursor()
        readsNothing = !store.index.hasKey(at: revision)
    }

    deinit {
        store.remove(pin)
    }

    /// Hashes up to `records` records; gives the result after the last.
    package func step(records: Int) throws(EtcdError) -> KeyValueHash? {
        try requirePin()
        for _ in 0..<max(records, 1) {
            guard addNext() else {
                // What was hashed since is of one state only if the pin still holds.
                try requirePin()
                return KeyValueHash(
                    hash: hash.value, compactRevision: compactRevision, revision: revision)
            }
        }
        return nil
    }

    private func requirePin() throws(EtcdError) {
        store.lock.lockForReading()
        defer { store.lock.unlock() }
        if pin.isRevoked { throw .compacted }
    }

    private func addNext() -> Bool {
        switch source {
        case .file: return addFromFile()
        case .pending(let generation, let place):
            return addPending(generation: generation, place: place)
        case .done: return false
        }
    }

    private func addFromFile() -> Bool {
        let entry = hasStarted ? cursor?.next() : cursor?.first()
        hasStarted = true
        guard let (key, value) = entry ?? nil, let name = RevisionKey(decoding: key) else {
            source = .pending(generation: 0, place: 0)
            return true
        }
        guard name.revision.main <= revision else {
            source = .done
            return true
        }
        if counts(name, value) {
            hash.add(key)
            hash.add(value)
        }
        return true
    }

    private func addPending(generation: Int, place: Int) -> Bool {
        guard generation < pending.count else { return false }
        guard place < pending[generation].count else {
            source = .pending(generation: generation + 1, place: 0)
            return true
        }
        let record = pending[generation][place]
        source = .pending(generation: generation, place: place + 1)
        let name = RevisionKey(record.revision, isTombstone: record.isTombstone)
        guard name.revision.main <= revision else { return false }
        if counts(name, record.value) {
            name.encoded.withUnsafeBytes { bytes in hash.add(bytes) }
            hash.add(record.value)
        }
        return true
    }

    private func counts(_ name: RevisionKey, _ value: UnsafeRawBufferPointer) -> Bool {
        let main = name.revision.main
        guard main <= compactRevision else { return true }
        if main == compactRevision, name.isTombstone { return false }
        guard let view = KeyValueView(stored: value) else { return true }
        store.lock.lockForReading()
        defer { store.lock.unlock() }
        let seenAt = readsNothing ? compactRevision : revision
        return store.index.get(view.key, at: seenAt)?.modified == name.revision
    }
}
