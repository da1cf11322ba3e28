import Bolt
import EtcdAPI

/// Finds records by the revisions from the index, in the write buffer and in the file.
///
/// Valid for one hold of the store's lock; it retains nothing of what it reads. For those who change
/// the store; readers use `RetainedRecords`, since a page of the file may have to be read from the
/// disk first.
struct RecordFinder {
    private let buffered: BufferedRecords
    private var file: FileRecords

    init(_ state: borrowing StoreState) {
        buffered = BufferedRecords(state)
        file = FileRecords(state)
    }

    /// The encoded KeyValue of a revision.
    mutating func value(of revision: RevisionPair) throws(StoreError) -> UnsafeRawBufferPointer {
        if let value = buffered.value(of: revision) { return value }
        return try file.value(of: revision)
    }

    /// The decoded record of a revision.
    mutating func view(of revision: RevisionPair) throws(StoreError) -> KeyValueView {
        try KeyValueView(record: try value(of: revision), of: revision)
    }
}

/// Finds records in the write buffer. Valid for one hold of the store's lock.
struct BufferedRecords {
    private unowned(unsafe) let open: WriteBufferBatch
    private unowned(unsafe) let committing: WriteBufferBatch?
    private let firstOpen: RevisionPair
    private let firstCommitting: RevisionPair

    init(_ state: borrowing StoreState) {
        open = state.open
        committing = state.committing
        firstOpen = state.open.firstRevision
        firstCommitting = state.committing?.firstRevision ?? .last
    }

    /// The encoded KeyValue of a revision; nil if it is not in the write buffer.
    @inline(__always)
    func value(of revision: RevisionPair) -> UnsafeRawBufferPointer? {
        if revision >= firstOpen, let value = open.value(of: revision) { return value }
        guard revision >= firstCommitting else { return nil }
        return committing?.value(of: revision)
    }
}

/// Finds records in the file, one after the other. Valid while the file snapshot is retained; it
/// needs no lock.
struct FileRecords {
    private var finder: BoltFinder?
    /// Prefetched records, in the order in which they will be requested.
    private var prefetched: ContiguousArray<PrefetchedLookup> = []
    private var nextPrefetched = 0

    private struct PrefetchedLookup {
        let revision: RevisionPair
        var lookup: BoltLookup
    }

    init(_ state: borrowing StoreState) { finder = state.keyFinder }

    /// The encoded KeyValue of a revision that is not in the write buffer.
    ///
    /// Its absence means that index and file are inconsistent.
    mutating func value(of revision: RevisionPair) throws(StoreError) -> UnsafeRawBufferPointer {
        let found = try StoreError.reading { () throws(PageFault) in
            try withKey(of: revision) {
                records, key throws(PageFault) -> UnsafeRawBufferPointer? in
                if let value = records.prefetchedValue(of: revision, key) { return value }
                return try records.finder?.get(key)
            }
        }
        guard let value = found else { throw .missingRecord(revision) }
        return value
    }

    /// Prefetches the memory of the records that will be requested next, in this order.
    mutating func prefetch(_ records: ContiguousArray<FoundRecord>.SubSequence) {
        prefetched.removeAll(keepingCapacity: true)
        nextPrefetched = 0
        for record in records where record.buffered == nil {
            withKey(of: record.revision) { records, key in
                guard let lookup = records.finder?.begin(key) else { return }
                records.prefetched.append(
                    PrefetchedLookup(revision: record.revision, lookup: lookup))
            }
        }
        for index in prefetched.indices {
            withKey(of: prefetched[index].revision) { records, key in
                records.finder?.advance(&records.prefetched[index].lookup, key)
            }
        }
    }

    private mutating func prefetchedValue(
        of revision: RevisionPair, _ key: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        guard nextPrefetched < prefetched.count,
            prefetched[nextPrefetched].revision == revision
        else {
            return nil
        }
        nextPrefetched += 1
        return finder?.finish(prefetched[nextPrefetched - 1].lookup, key)
    }

    private mutating func withKey<Result, Failure: Error>(
        of revision: RevisionPair,
        _ body: (inout Self, UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeTemporaryAllocation(
            byteCount: RevisionKey.tombstoneSizeBytes, alignment: 8
        ) { buffer throws(Failure) in
            let count = RevisionKey(revision).encode(into: buffer)
            return try body(&self, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}

extension KeyValueView {
    /// Decodes the record of a revision.
    init(record: UnsafeRawBufferPointer, of revision: RevisionPair) throws(StoreError) {
        guard let view = KeyValueView(stored: record) else {
            throw .malformedRecord(key: RevisionKey(revision).encoded)
        }
        self = view
    }
}
