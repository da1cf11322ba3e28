import EtcdAPI
package import Identifiers

/// A copied part of the store's history: whole transactions in order.
package struct HistoryPage: Sendable {
    /// One change.
    package struct Change: Sendable {
        package var revision: RevisionPair
        package var isTombstone: Bool
        var bytes: Range<Int>
    }

    /// The changes, ascending.
    package fileprivate(set) var changes: ContiguousArray<Change> = []
    fileprivate var bytes: [UInt8] = []
    /// The first revision that is not in the page.
    package fileprivate(set) var nextRevision: Revision
    /// The store's newest revision when the page was read.
    package fileprivate(set) var storeRevision: Revision
    /// The store's compacted revision at that time; history below it may have gaps.
    package fileprivate(set) var compactedRevision: Revision

    /// Bytes of the records.
    var sizeBytes: Int { bytes.count }

    /// Transactions in the page.
    var transactionCount: Int {
        var last: Revision = 0
        return changes.reduce(0) { count, change in
            defer { last = change.revision.main }
            return change.revision.main == last ? count : count + 1
        }
    }

    /// Calls `body` with the encoded KeyValue of a change.
    package func withValue<Result, Failure: Error>(
        of change: Change, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try bytes[change.bytes].withBytes(body)
    }
}

extension Store {
    /// Copies the transactions from a revision on, `revisions` of them or until `bytes` are
    /// reached; never a partial one. Any thread; holds the read lock once.
    package func history(
        from revision: Revision, revisions: Int, bytes: Int
    ) throws(StoreError) -> HistoryPage {
        lock.lockForReading()
        defer { lock.unlock() }
        try requireIntact()
        var page = HistoryPage(
            nextRevision: current.next, storeRevision: current, compactedRevision: compacted)
        var last: Revision = 0
        var transactions = 0
        try forEachRecord(from: max(revision, 0)) { record in
            if record.revision.main != last {
                if transactions == revisions || page.bytes.count >= bytes {
                    page.nextRevision = record.revision.main
                    return false
                }
                last = record.revision.main
                transactions += 1
            }
            let start = page.bytes.count
            page.bytes.append(contentsOf: record.value)
            page.changes.append(
                HistoryPage.Change(
                    revision: record.revision, isTombstone: record.isTombstone,
                    bytes: start..<page.bytes.count))
            return true
        }
        return page
    }

    /// Visits records from a main revision on, in file and write buffer, until the body returns
    /// false. The caller holds the lock.
    private func forEachRecord(
        from main: Revision, _ body: (StoredRecord) -> Bool
    ) throws(StoreError) {
        let start = RevisionPair(main: main)
        let isInFile = (committing ?? open).firstRevision > start
        if isInFile, var cursor = keyBucket.map({ RecordCursor($0) }) {
            var record = try cursor.seek(RevisionKey(start).encoded)
            while let present = record {
                guard body(present.stored) else { return }
                record = try cursor.next()
            }
        }
        for batch in [committing, open] {
            guard let batch else { continue }
            for position in batch.lowerBound(start)..<batch.records.count {
                guard body(batch.records[position]) else { return }
            }
        }
    }
}
