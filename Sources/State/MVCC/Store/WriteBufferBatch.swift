import Bolt
import EtcdAPI
import Identifiers

/// One stored record: a revision and its encoded KeyValue.
struct StoredRecord {
    var revision: RevisionPair
    var isTombstone: Bool
    /// The encoded KeyValue; valid while the batch or file snapshot that holds it is retained.
    var value: UnsafeRawBufferPointer
}

/// One batch of the write buffer: the changes applied since the previous batch was taken for the
/// file. Readers search the write buffer before the file.
///
/// Invariant: `records` ascend by revision. Changed only through the store's state while it is the
/// open batch; unchanged afterwards.
final class WriteBufferBatch: @unchecked Sendable {
    // `@unchecked Sendable`: guarded by the store's lock as said above.
    private(set) var records: ContiguousArray<StoredRecord> = []
    private var arena = RecordArena()
    /// Changes of other buckets, made by the same applied entries.
    fileprivate(set) var mutations = BoltWriteBatch()
    /// Index and term of the last applied entry, if any was applied.
    fileprivate(set) var applied: (index: LogIndex, term: Term)?
    /// The stored form of the membership configuration, if it changed.
    fileprivate(set) var confState: [UInt8]?
    /// The revision of the last compaction that was scheduled, if one was.
    fileprivate(set) var scheduledCompaction: Revision?

    deinit {
        arena.deallocate()
    }

    /// Bytes held, for records and for changes of other buckets.
    var heldBytes: Int {
        arena.usedBytes + records.count * MemoryLayout<StoredRecord>.stride
            + mutations.byteCount + mutations.count * Self.mutationOverheadBytes
    }

    /// Records and changes of other buckets.
    var changeCount: Int { records.count + mutations.count }

    private static let mutationOverheadBytes = 40

    /// Whether there is nothing to write.
    var isEmpty: Bool {
        records.isEmpty && mutations.isEmpty && applied == nil && confState == nil
            && scheduledCompaction == nil
    }

    /// Appends a put or a deletion.
    fileprivate func append(_ view: KeyValueView, at revision: RevisionPair, isTombstone: Bool) {
        let size = view.encodedSize
        let memory = arena.allocate(size)
        var writer = WireWriter(into: memory)
        view.encode(into: &writer)
        records.append(
            StoredRecord(
                revision: revision, isTombstone: isTombstone,
                value: UnsafeRawBufferPointer(memory)))
    }

    /// Removes the records that a failed transaction has appended.
    fileprivate func removeRecords(from position: Int) { records.removeSubrange(position...) }

    /// Revision of the first record; greater than all others if there is none.
    @inline(__always)
    var firstRevision: RevisionPair { records.first?.revision ?? .last }

    /// Index of the first record at or after a revision.
    func lowerBound(_ revision: RevisionPair) -> Int {
        var low = 0
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if records[middle].revision < revision { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The value of a revision, nil if the batch lacks it.
    func value(of revision: RevisionPair) -> UnsafeRawBufferPointer? {
        let position = lowerBound(revision)
        guard position < records.count, records[position].revision == revision else { return nil }
        return records[position].value
    }
}

/// Changes of the open batch.
extension StoreState {
    /// Appends a put or a deletion.
    @inline(__always)
    mutating func append(_ view: KeyValueView, at revision: RevisionPair, isTombstone: Bool) {
        open.append(view, at: revision, isTombstone: isTombstone)
    }

    /// Removes the records that a failed transaction has appended.
    mutating func removeRecords(from position: Int) { open.removeRecords(from: position) }

    mutating func recordApplied(index: LogIndex, term: Term) { open.applied = (index, term) }

    mutating func recordConfState(_ stored: [UInt8]) { open.confState = stored }

    mutating func recordScheduledCompaction(_ revision: Revision) {
        open.scheduledCompaction = revision
    }

    /// Changes other buckets.
    mutating func mutateBackend(_ body: (inout BoltWriteBatch) -> Void) { body(&open.mutations) }
}

/// A write buffer batch that was taken for the file; see `Store.takePending`.
package struct PendingBatch {
    let writes: WriteBufferBatch

    /// Records of the `key` bucket in it.
    package var recordCount: Int { writes.records.count }

    /// Whether writing it changes nothing.
    package var isEmpty: Bool { writes.isEmpty }
}
