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
    /// Its absence means that index and file do not belong together: the member must stop.
    mutating func value(of revision: Revision) -> UnsafeRawBufferPointer {
        if revision >= firstOpen, let value = store.open.value(of: revision) { return value }
        if revision >= firstCommitting, let value = store.committing?.value(of: revision) {
            return value
        }
        guard let value = valueInFile(of: revision) else {
            preconditionFailure("the record of revision \(revision) in the index is stored")
        }
        return value
    }

    /// The decoded record of a revision.
    mutating func view(of revision: Revision) -> KeyValueView {
        guard let view = KeyValueView(stored: value(of: revision)) else {
            preconditionFailure("the record of revision \(revision) is a KeyValue")
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

    private mutating func valueInFile(of revision: Revision) -> UnsafeRawBufferPointer? {
        withKey(of: revision) { records, key in
            if let value = records.expectedValue(of: revision, key) { return value }
            // The bucket says so if a broken page is the reason.
            return records.file?.get(key) ?? records.store.keyBucket?.get(key)
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

    private mutating func withKey<Result>(
        of revision: Revision, _ body: (inout Self, UnsafeRawBufferPointer) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(
            byteCount: RevisionKey.tombstoneSizeBytes, alignment: 8
        ) { buffer in
            let count = RevisionKey(revision).encode(into: buffer)
            return body(&self, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
