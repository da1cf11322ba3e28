import Bolt
import EtcdAPI

/// Finds records by the revisions that the index names, one after the other, in the overlay and in
/// the file.
///
/// Valid for one hold of the store's lock; nothing it looks into is retained meanwhile.
struct RecordFinder {
    private unowned(unsafe) let store: Store
    private let firstOpen: Revision
    private let firstCommitting: Revision
    private var file: BoltFinder?
    /// Records that were announced, in the order in which they will be asked for.
    private var expected: ContiguousArray<Expected> = []
    private var nextExpected = 0

    private struct Expected {
        let revision: Revision
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
    /// Its absence means that index and file do not belong together.
    mutating func value(of revision: Revision) throws(StoreError) -> UnsafeRawBufferPointer {
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
    mutating func view(of revision: Revision) throws(StoreError) -> KeyValueView {
        guard let view = KeyValueView(stored: try value(of: revision)) else {
            throw .malformedRecord(key: RevisionKey(revision).encoded)
        }
        return view
    }

    /// Has the memory of records fetched that will be asked for next, in this order.
    mutating func expect(_ revisions: UnsafeBufferPointer<Revision>) {
        expected.removeAll(keepingCapacity: true)
        nextExpected = 0
        for revision in revisions where revision < min(firstOpen, firstCommitting) {
            withKey(of: revision) { records, key in
                guard let lookup = records.file?.begin(key) else { return }
                records.expected.append(Expected(revision: revision, lookup: lookup))
            }
        }
        for place in expected.indices {
            withKey(of: expected[place].revision) { records, key in
                records.file?.advance(&records.expected[place].lookup, key)
            }
        }
    }

    private mutating func valueInFile(
        of revision: Revision
    ) throws(PageFault) -> UnsafeRawBufferPointer? {
        try withKey(of: revision) { records, key throws(PageFault) in
            if let value = records.expectedValue(of: revision, key) { return value }
            return try records.file?.get(key)
        }
    }

    private mutating func expectedValue(
        of revision: Revision, _ key: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        guard nextExpected < expected.count, expected[nextExpected].revision == revision else {
            return nil
        }
        nextExpected += 1
        return file?.finish(expected[nextExpected - 1].lookup, key)
    }

    private mutating func withKey<Result, Failure: Error>(
        of revision: Revision,
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
