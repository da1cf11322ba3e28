import Bolt
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
    /// reached; never a partial one. Any thread.
    ///
    /// The file is read without the store's lock.
    package func history(
        from revision: Revision, revisions: Int, bytes: Int
    ) throws(StoreError) -> HistoryPage {
        var reading = HistoryReading(
            from: max(revision, 0), revisionsMax: revisions, bytesMax: bytes)
        while true {
            let file = try lock.withReadLock { state throws(StoreError) in
                try state.beginHistory(&reading)
            }
            guard let file else { return reading.page }
            try file.read(into: &reading)
            if reading.isFull { return reading.page }
        }
    }
}

extension StoreState {
    /// Continues a page with the write buffer, or with the part of the file before it, which is
    /// returned. Nil if the page is complete.
    fileprivate func beginHistory(
        _ reading: inout HistoryReading
    ) throws(StoreError) -> FiledHistory? {
        try requireIntact()
        // History below a compaction that was scheduled meanwhile may have gaps: the next page will
        // show that.
        guard reading.isEmpty || compacted <= reading.page.nextRevision else { return nil }
        let start = RevisionPair(main: reading.begin(current: current, compacted: compacted))
        // Everything below the first record of the write buffer is in the file.
        let firstBuffered = min(
            committing?.firstRevision ?? .last, open.firstRevision,
            RevisionPair(main: current.next))
        if firstBuffered > start, let keyBucket {
            return FiledHistory(
                snapshot: snapshot, bucket: keyBucket, start: start, end: firstBuffered.main)
        }
        for batch in [committing, open] {
            guard let batch else { continue }
            for position in batch.lowerBound(start)..<batch.records.count {
                guard reading.take(batch.records[position]) else { return nil }
            }
        }
        reading.page.nextRevision = current.next
        return nil
    }
}

/// The part of the history that is in the file, which is retained.
private struct FiledHistory {
    let snapshot: BoltReadTransaction
    let bucket: BoltBucket
    let start: RevisionPair
    /// The first revision that is in the write buffer, or that does not exist yet.
    let end: Revision

    func read(into reading: inout HistoryReading) throws(StoreError) {
        var cursor = RecordCursor(bucket)
        var record = try cursor.seek(RevisionKey(start).encoded)
        while let present = record {
            guard reading.take(present.stored) else { return }
            record = try cursor.next()
        }
        reading.page.nextRevision = end
    }
}

/// A page of history that is being read, maybe in several steps.
private struct HistoryReading {
    fileprivate(set) var page: HistoryPage
    /// Whether it has as much as was requested.
    private(set) var isFull = false
    /// Whether no step has begun.
    private(set) var isEmpty = true
    private let revisionsMax: Int
    private let bytesMax: Int
    private var last: Revision = 0
    private var transactions = 0

    init(from revision: Revision, revisionsMax: Int, bytesMax: Int) {
        self.revisionsMax = revisionsMax
        self.bytesMax = bytesMax
        page = HistoryPage(nextRevision: revision, storeRevision: 0, compactedRevision: -1)
    }

    /// A step begins with the store at these revisions. Returns where it continues.
    mutating func begin(current: Revision, compacted: Revision) -> Revision {
        page.storeRevision = current
        if isEmpty { page.compactedRevision = compacted }
        isEmpty = false
        return page.nextRevision
    }

    /// Copies a record; false if the page ends before it.
    mutating func take(_ record: StoredRecord) -> Bool {
        if record.revision.main != last {
            if transactions == revisionsMax || page.bytes.count >= bytesMax {
                page.nextRevision = record.revision.main
                isFull = true
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
}
