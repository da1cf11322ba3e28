import Bolt
import EtcdAPI

/// A record that a slice of a range has found in the index.
struct FoundRecord {
    let record: KeyRecord
    /// Its encoded KeyValue if it was in the write buffer when the store's lock was held last; nil if
    /// it is in the file. Valid while the `RetainedRecords` of that time are retained.
    var buffered: UnsafeRawBufferPointer?

    var revision: RevisionPair { record.modified }
}

/// The write buffer and the file as they were at one hold of the store's lock.
///
/// A slice finds its records in the index under the lock and reads them from here without it: a page
/// of the file that is not in memory makes only this reader wait for the disk. It is retained for one
/// slice, since it keeps pages of the file and batches of the write buffer from being freed.
struct RetainedRecords {
    private let snapshot: BoltReadTransaction
    private let committing: WriteBufferBatch?
    private let open: WriteBufferBatch
    private var file: FileRecords

    init(_ state: borrowing StoreState) {
        snapshot = state.snapshot
        committing = state.committing
        open = state.open
        file = FileRecords(state)
    }

    /// The encoded KeyValue of a record.
    mutating func value(of found: FoundRecord) throws(StoreError) -> UnsafeRawBufferPointer {
        if let buffered = found.buffered { return buffered }
        return try file.value(of: found.revision)
    }

    /// The decoded record.
    mutating func view(of found: FoundRecord) throws(StoreError) -> KeyValueView {
        try KeyValueView(record: try value(of: found), of: found.revision)
    }

    /// Prefetches the memory of the records that will be requested next, in this order.
    mutating func prefetch(_ records: ContiguousArray<FoundRecord>.SubSequence) {
        file.prefetch(records)
    }

    /// Adds what keeps the records valid to a list without those that it has already.
    func addHolders(to holders: inout [AnyObject]) {
        let present: [AnyObject?] = [snapshot, committing, open]
        for object in present {
            guard let object else { continue }
            if !holders.contains(where: { held in held === object }) { holders.append(object) }
        }
    }
}

/// One record in the file, which is retained.
struct FiledRecord {
    private let revision: RevisionPair
    private let snapshot: BoltReadTransaction
    private var file: FileRecords

    init(_ revision: RevisionPair, in state: borrowing StoreState) {
        self.revision = revision
        snapshot = state.snapshot
        file = FileRecords(state)
    }

    /// Calls `body` with the encoded KeyValue. Needs no lock.
    mutating func withValue<Result>(
        _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(StoreError) -> Result {
        defer { withExtendedLifetime(snapshot) {} }
        return body(try file.value(of: revision))
    }
}
