import EtcdAPI
import Identifiers
import Testing

@testable import MVCC

/// A slice finds records under the store's lock and reads them without it, so that a page that has
/// to be read from the disk makes nobody else wait.
@Suite struct ReadingWithoutLockTests {
    /// Keys in the file, in the batch that is being written, and in the open one.
    private func makeFixture() throws -> (StoreFixture, PendingBatch) {
        let fixture = try StoreFixture()
        for number in 10..<20 { fixture.put("k\(number)", "file \(number)") }
        try fixture.store.persist()
        for number in 20..<30 { fixture.put("k\(number)", "committing \(number)") }
        let batch = try fixture.store.takePending()
        for number in 30..<40 { fixture.put("k\(number)", "open \(number)") }
        return (fixture, batch)
    }

    /// Replaces all that the records were found in: the batches are written, the records are
    /// overwritten, compacted, and their pages used again.
    private func replaceEverything(_ fixture: StoreFixture, _ batch: PendingBatch) throws {
        let store = fixture.store
        let transaction = fixture.bolt.beginWrite()
        try store.write(batch, to: transaction)
        try transaction.commit()
        try store.publishPersisted(batch)
        for round in 0..<20 {
            for number in 10..<40 { fixture.put("k\(number)", "later \(round) \(number)") }
            try store.persist()
        }
        try store.scheduleCompaction(at: store.newestRevision)
        try store.persist()
        try fixture.compactFully()
        for number in 10..<40 { fixture.put("k\(number)", "last \(number)") }
        try store.persist()
    }

    private func requests() -> [RangeRequest] {
        let all = RangeRequest(key: bytes("k"), rangeEnd: bytes("l"))
        var byValue = all
        byValue.sortTarget = .value
        byValue.sortOrder = .descend
        var descending = all
        descending.sortOrder = .descend
        descending.limit = 7
        var keysOnly = all
        keysOnly.keysOnly = true
        var keysByValue = byValue
        keysByValue.keysOnly = true
        var keysByRevision = keysOnly
        keysByRevision.sortTarget = .mod
        keysByRevision.sortOrder = .descend
        var filtered = all
        filtered.minModRevision = 15
        filtered.limit = 20
        return [all, byValue, descending, keysOnly, keysByValue, keysByRevision, filtered]
    }

    @Test func aWholeRangeIsReadAfterTheLock() throws {
        for request in requests() {
            let (fixture, batch) = try makeFixture()
            let store = fixture.store
            let expected = try fixture.range(request)
            var whole = WholeRange(RangePlan(request, revision: store.newestRevision))
            var budget = RangeBudget(entries: 100, bytes: 1 << 20)
            var isFound = false
            var records = try store.lock.withReadLock { state throws(StoreError) in
                isFound = try whole.find(in: state, budget: &budget)
                return RetainedRecords(state)
            }
            #expect(isFound)
            try replaceEverything(fixture, batch)
            // Taking the lock would fail here.
            let isWhole = try store.withWriteLock { () throws(StoreError) in
                try whole.read(&records, bytesMax: 1 << 20)
            }
            let response = whole.response
            #expect(isWhole && response.more == expected.more && response.count == expected.count)
            #expect(decodePairs(response.keyValues) == expected.pairs)
        }
    }

    /// The bytes of a slice are known when its records are read: what is beyond them is left to the
    /// next slice, which finds the records where they are then.
    @Test func whatASliceHasNoBytesForIsFoundAgain() throws {
        let (fixture, batch) = try makeFixture()
        let store = fixture.store
        let request = RangeRequest(key: bytes("k"), rangeEnd: bytes("l"))
        let expected = try fixture.range(request)
        var walk = RangeWalk(RangePlan(request, revision: store.newestRevision))
        let pin = store.lock.withWriteLock { state in state.pin(state.current, of: store) }
        var pairs = WireWriter(capacity: 64)
        var slices = 0
        while !walk.isDone {
            var budget = RangeBudget(entries: 100, bytes: 90)
            var records = try store.lock.withReadLock { state throws(StoreError) in
                try walk.find(over: nil, in: state, budget: &budget) { _ in 0 }
                return RetainedRecords(state)
            }
            if slices == 2 { try persist(batch, fixture) }
            if slices == 4 { try store.persist() }
            try store.withWriteLock { () throws(StoreError) in
                try walk.read(&records, budget: &budget) { pair in
                    guard case .stored(let encoded) = pair else { return 0 }
                    KeyValueFraming.rangePairs.append(encoded, to: &pairs)
                    return encoded.count
                }
            }
            slices += 1
        }
        store.remove(pin)
        #expect(slices > 6 && walk.readCount == 30)
        #expect(decodePairs(pairs.written) == expected.pairs)
    }

    private func persist(_ batch: PendingBatch, _ fixture: StoreFixture) throws {
        let transaction = fixture.bolt.beginWrite()
        try fixture.store.write(batch, to: transaction)
        try transaction.commit()
        try fixture.store.publishPersisted(batch)
    }

    @Test func oneRecordInTheFileIsReadAfterTheLock() throws {
        let (fixture, batch) = try makeFixture()
        let store = fixture.store
        let key = bytes("k15")
        var record = try store.lock.withReadLock { state throws(StoreError) in
            let found = key.withBytes { state.index.get($0, at: state.current) }
            guard let found else { throw .missingRecord(.last) }
            return FiledRecord(found.modified, in: state)
        }
        try replaceEverything(fixture, batch)
        let value = try store.withWriteLock { () throws(StoreError) in
            try record.withValue { stored in
                KeyValueView(stored: stored)?.value.elementsEqual(bytes("file 15")) == true
            }
        }
        #expect(value)
        #expect(
            try key.withBytes { try store.keyValue(of: $0, at: store.newestRevision) }.map {
                try KeyValue(decoding: $0).value
            } == bytes("last 15"))
    }

    /// A page of history takes the part of the file without the lock, and goes on with the write
    /// buffer.
    @Test func historyGoesFromTheFileToTheWriteBuffer() throws {
        let (fixture, batch) = try makeFixture()
        let store = fixture.store
        func revisions(from: Revision, revisions: Int) throws -> [Revision] {
            try store.history(from: from, revisions: revisions, bytes: .max).changes.map(
                \.revision.main)
        }
        for from in 1...31 {
            let first = max(from, 2)
            let all = (first...31).map { Revision(Int64($0)) }
            #expect(try revisions(from: Revision(Int64(from)), revisions: .max) == all)
            #expect(
                try revisions(from: Revision(Int64(from)), revisions: 12) == Array(all.prefix(12)))
        }
        let page = try store.history(from: 5, revisions: 7, bytes: .max)
        #expect(page.nextRevision == 12 && page.storeRevision == 31)
        #expect(try store.history(from: 5, revisions: .max, bytes: .max).nextRevision == 32)
        try persist(batch, fixture)
        #expect(try revisions(from: 2, revisions: .max).count == 30)
        // Nothing is left in the write buffer.
        try store.persist()
        #expect(try revisions(from: 2, revisions: .max).count == 30)
        #expect(try store.history(from: 32, revisions: .max, bytes: .max).nextRevision == 32)
        #expect(try store.history(from: 99, revisions: .max, bytes: .max).nextRevision == 32)
    }
}
