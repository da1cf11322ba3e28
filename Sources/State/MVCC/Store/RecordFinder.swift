import Bolt
import EtcdAPI

/// Finds records by the revisions from the index, one after the other, in the write buffer and in
/// the file.
///
/// Valid for one hold of the store's lock; it retains nothing of what it reads.
struct RecordFinder {
    private unowned(unsafe) let store: Store
    private let firstOpen: RevisionPair
    private let firstCommitting: RevisionPair
    private var file: BoltFinder?
    /// Prefetched records, in the order in which they will be requested.
    private var prefetched: ContiguousArray<PrefetchedLookup> = []
    private var nextPrefetched = 0

    private struct PrefetchedLookup {
        let revision: RevisionPair
        var lookup: BoltLookup
    }

    /// The caller holds the lock.
    init(_ store: Store) {
        self.store = store
        firstOpen = store.open.firstRevision
        firstCommitting = store.committing?.firstRevision ?? .last
        file = store.keyFinder
    }

    /// The encoded KeyValue of a revision.
    ///
    /// Its absence means that index and file are inconsistent.
    mutating func value(of revision: RevisionPair) throws(StoreError) -> UnsafeRawBufferPointer {
        if revision >= firstOpen, let value = store.open.value(of: revision) { return value }
        if revision >= firstCommitting, let value = store.committing?.value(of: revision) {
            return value
        }
        let found = try StoreError.reading { () throws(PageFault) in
            try valueInFile(of: revision)
        }
        guard let value = found else { throw .missingRecord(revision) }
        return value
    }

    /// The decoded record of a revision.
    mutating func view(of revision: RevisionPair) throws(StoreError) -> KeyValueView {
        guard let view = KeyValueView(stored: try value(of: revision)) else {
            throw .malformedRecord(key: RevisionKey(revision).encoded)
        }
        return view
    }

    /// Prefetches the memory of the records that will be requested next, in this order.
    mutating func prefetch(_ revisions: UnsafeBufferPointer<RevisionPair>) {
        prefetched.removeAll(keepingCapacity: true)
        nextPrefetched = 0
        for revision in revisions where revision < min(firstOpen, firstCommitting) {
            withKey(of: revision) { records, key in
                guard let lookup = records.file?.begin(key) else { return }
                records.prefetched.append(PrefetchedLookup(revision: revision, lookup: lookup))
            }
        }
        for index in prefetched.indices {
            withKey(of: prefetched[index].revision) { records, key in
                records.file?.advance(&records.prefetched[index].lookup, key)
            }
        }
    }

    private mutating func valueInFile(
        of revision: RevisionPair
    ) throws(PageFault) -> UnsafeRawBufferPointer? {
        try withKey(of: revision) { records, key throws(PageFault) in
            if let value = records.prefetchedValue(of: revision, key) { return value }
            return try records.file?.get(key)
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
        return file?.finish(prefetched[nextPrefetched - 1].lookup, key)
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
