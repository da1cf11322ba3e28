import Bolt
import EtcdAPI
import Identifiers

/// Opening: rebuilding the in-memory state from the file.
extension StoreState {
    static func createBuckets(in bolt: Bolt) throws(StoreError) {
        let reading = bolt.beginRead()
        defer { reading.end() }
        let exist = try StoreError.reading { () throws(PageFault) in
            guard try reading.bucket(StoreBucket.key) != nil else { return false }
            return try reading.bucket(StoreBucket.meta) != nil
        }
        if exist { return }
        do throws(BoltError) {
            let transaction = bolt.beginWrite()
            try transaction.createBucketIfMissing(StoreBucket.key)
            try transaction.createBucketIfMissing(StoreBucket.meta)
            try transaction.commit()
        } catch {
            throw .bolt(error)
        }
    }

    /// Reads the records into the index. Revisions continue from the highest of the last record and
    /// the compactions: compaction may have removed the newest records, and a crash may have
    /// happened before the compaction was recorded as finished.
    mutating func restore(attachingTo leases: (any LeaseBinding)?) throws(StoreError) {
        let leased = try restoreIndex()
        let scheduled = try compactionRevision(StoreBucket.scheduledCompaction) ?? 0
        if let finished = try compactionRevision(StoreBucket.finishedCompaction), finished > 0 {
            compacted = finished
            finishedCompaction = finished
        }
        current = max(current, compacted, scheduled)
        if let leases { attach(leased, to: leases) }
        if scheduled > compacted, scheduled > 0 {
            compactions.append(
                CompactionJob(
                    revision: scheduled, previous: compacted, isResumed: true, requestBatch: nil))
            compacted = scheduled
        }
    }

    /// Builds the index; returns the puts with a lease, in revision order.
    private mutating func restoreIndex() throws(StoreError) -> ContiguousArray<StoredRecord> {
        var leased: ContiguousArray<StoredRecord> = []
        guard var cursor = keyBucket.map({ RecordCursor($0) }) else { return leased }
        while let stored = try cursor.next() {
            let name = stored.name
            let view = try stored.view()
            let record = KeyRecord(
                modified: name.revision,
                created: RevisionPair(
                    main: name.isTombstone ? .zero : Revision(view.createRevision)),
                version: name.isTombstone ? 0 : view.version)
            guard KeyIndex.holds(record) else { throw .malformedRecord(key: Array(stored.key)) }
            try restore(view.key, record, isTombstone: name.isTombstone)
            if !name.isTombstone, view.lease != 0 {
                leased.append(stored.stored)
            }
            current = max(current, name.revision.main)
        }
        return leased
    }

    private mutating func restore(
        _ key: UnsafeRawBufferPointer, _ record: KeyRecord, isTombstone: Bool
    ) throws(StoreError) {
        do throws(KeyIndexError) {
            if isTombstone {
                try writableIndex.restoreTombstone(key, at: record.modified)
            } else {
                try writableIndex.restore(key, record: record)
            }
        } catch {
            throw .index(error)
        }
    }

    /// Attaches the keys whose newest record has a lease.
    private func attach(
        _ leased: ContiguousArray<StoredRecord>, to leases: any LeaseBinding
    ) {
        for record in leased {
            guard let view = KeyValueView(stored: record.value),
                index.get(view.key, at: .max)?.modified == record.revision
            else { continue }
            leases.attach(view.key, to: view.lease)
        }
    }

    private func compactionRevision(_ name: [UInt8]) throws(StoreError) -> Revision? {
        let found = try StoreError.reading { () throws(PageFault) in
            try snapshot.bucket(StoreBucket.meta)?.get(name)
        }
        guard let stored = found else { return nil }
        let revision = stored.withUnsafeBytes { bytes in RevisionKey(decoding: bytes)?.revision }
        guard let revision else { return nil }
        guard KeyIndex.holds(KeyRecord(modified: revision, created: revision, version: 0))
        else { throw .malformedRecord(key: name) }
        return revision.main
    }
}

extension KeyValueView {
    /// Decodes a stored record; nil if it is malformed.
    @inline(__always)
    init?(stored bytes: UnsafeRawBufferPointer) {
        do throws(WireError) {
            try self.init(decoding: bytes)
        } catch {
            return nil
        }
    }
}
