import Bolt
import EtcdAPI

/// One stored record: a revision and its encoded KeyValue.
struct StoredRecord {
    var revision: Revision
    var isTombstone: Bool
    /// The encoded KeyValue; valid while the generation or file snapshot it lies in is held.
    var value: UnsafeRawBufferPointer
}

/// What has been applied since the last generation was taken for the file: the overlay that
/// readers look into before the file.
///
/// Invariant: `records` ascend by revision. Written by the apply thread under the store's write
/// lock while it is the open one; unchanged afterwards.
final class PendingGeneration: @unchecked Sendable {
    // `@unchecked Sendable`: guarded by the store's lock as said above.
    private(set) var records: ContiguousArray<StoredRecord> = []
    private var arena = RecordArena()
    /// Changes of other buckets, made by the same applied entries.
    var mutations = BoltWriteBatch()
    /// Index and term of the last applied entry, if any was applied.
    var applied: (index: UInt64, term: UInt64)?
    /// The stored form of the membership configuration, if it changed.
    var confState: [UInt8]?
    /// The revision of the last compaction that was scheduled, if one was.
    var scheduledCompaction: Int64?

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

    /// Appends a put or a deletion and returns its bytes.
    func append(
        _ view: KeyValueView, at revision: Revision, isTombstone: Bool
    ) -> UnsafeRawBufferPointer {
        let size = view.encodedSize
        let memory = arena.allocate(size)
        var writer = WireWriter(into: memory)
        view.encode(into: &writer)
        let value = UnsafeRawBufferPointer(memory)
        records.append(
            StoredRecord(revision: revision, isTombstone: isTombstone, value: value))
        return value
    }

    /// Takes back what a transaction that failed has appended.
    func removeRecords(from place: Int) { records.removeSubrange(place...) }

    /// Revision of the first record; above all others if there is none.
    @inline(__always)
    var firstRevision: Revision { records.first?.revision ?? .last }

    /// Place of the first record at or after a revision.
    func lowerBound(_ revision: Revision) -> Int {
        var low = 0
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if records[middle].revision < revision { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The value of a revision, nil if it is not here.
    func value(of revision: Revision) -> UnsafeRawBufferPointer? {
        let place = lowerBound(revision)
        guard place < records.count, records[place].revision == revision else { return nil }
        return records[place].value
    }
}

/// A generation on its way into the file; see `Store.takePending`.
package struct PendingBatch {
    let generation: PendingGeneration

    /// Records of the `key` bucket in it.
    package var recordCount: Int { generation.records.count }

    /// Whether writing it changes nothing.
    package var isEmpty: Bool { generation.isEmpty }
}
