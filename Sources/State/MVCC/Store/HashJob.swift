import Bolt
import EtcdAPI
package import Identifiers

/// A hash of the store at a revision, computed in steps.
///
/// CRC-32C over `key`, then key and value of every record up to the revision in order. Of the
/// records at or below the last compaction only those count that a read at the hashed revision
/// finds, and never a deletion made exactly at the compaction. So members agree whether or not they
/// have executed the compaction, and with releases that drop such deletions. If no key exists at
/// the hashed revision, the records that a finished compaction keeps are covered.
///
/// Any thread, one at a time. The store's lock is taken only for records at or below the
/// compaction.
package final class HashJob {
    private enum Source {
        case file
        case pending(batch: Int, position: Int)
        case done
    }

    private let store: Store
    private let pin: RevisionPin
    private let snapshot: BoltReadTransaction
    private let batches: [WriteBufferBatch]
    private let pending: [ContiguousArray<StoredRecord>]
    private let readsNothing: Bool
    private var cursor: RecordCursor?
    private var source = Source.file
    private var hash = RecordHash(bucket: StoreBucket.key)
    /// The revision hashed.
    package let revision: Revision
    /// The compaction taken into account; -1 for none.
    package let compactRevision: Revision
    /// The store's revision when the job began, for the response header.
    package let storeRevision: Revision

    init(_ store: Store, _ state: inout StoreState, revision: Revision) {
        self.store = store
        self.revision = revision
        compactRevision = state.compacted
        storeRevision = state.current
        pin = state.pin(max(state.compacted, 0), of: store)
        snapshot = state.snapshot
        batches = [state.committing, state.open].compactMap { $0 }
        pending = batches.map { batch in batch.records }
        cursor = state.keyBucket.map { RecordCursor($0) }
        readsNothing = !state.index.hasKey(at: revision)
    }

    deinit {
        store.remove(pin)
    }

    /// Hashes up to `records` records; returns the hash after the last one.
    package func step(records: Int) throws(ReadError) -> KeyValueHash? {
        try requirePin()
        for _ in 0..<max(records, 1) {
            guard try ReadError.reading({ () throws(StoreError) in try addNext() }) else {
                // The hash is of one consistent state only if the pin still holds.
                try requirePin()
                return KeyValueHash(
                    hash: hash.value, compactRevision: compactRevision, revision: revision)
            }
        }
        return nil
    }

    private func requirePin() throws(ReadError) {
        let isRevoked = store.lock.withReadLock { state in state.isRevoked(pin) }
        if isRevoked { throw .refused(.compacted) }
    }

    private func addNext() throws(StoreError) -> Bool {
        switch source {
        case .file: return try addFromFile()
        case .pending(let batch, let position):
            return try addPending(batch: batch, position: position)
        case .done: return false
        }
    }

    private func addFromFile() throws(StoreError) -> Bool {
        guard let record = try cursor?.next() else {
            source = .pending(batch: 0, position: 0)
            return true
        }
        guard record.name.revision.main <= revision else {
            source = .done
            return true
        }
        if try isCovered(record.stored) {
            hash.add(record.key)
            hash.add(record.value)
        }
        return true
    }

    private func addPending(batch: Int, position: Int) throws(StoreError) -> Bool {
        guard batch < pending.count else { return false }
        guard position < pending[batch].count else {
            source = .pending(batch: batch + 1, position: 0)
            return true
        }
        let record = pending[batch][position]
        source = .pending(batch: batch, position: position + 1)
        guard record.revision.main <= revision else { return false }
        if try isCovered(record) {
            let name = RevisionKey(record.revision, isTombstone: record.isTombstone)
            name.encoded.withUnsafeBytes { bytes in hash.add(bytes) }
            hash.add(record.value)
        }
        return true
    }

    private func isCovered(_ record: StoredRecord) throws(StoreError) -> Bool {
        let main = record.revision.main
        guard main <= compactRevision else { return true }
        if main == compactRevision, record.isTombstone { return false }
        guard let view = KeyValueView(stored: record.value) else {
            throw .malformedRecord(key: RevisionKey(record.revision).encoded)
        }
        let visibleAt = readsNothing ? compactRevision : revision
        return store.lock.withReadLock { state in
            state.index.get(view.key, at: visibleAt)?.modified == record.revision
        }
    }
}
