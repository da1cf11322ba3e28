import Bolt
import Disk
import EtcdAPI
import Identifiers
import Testing

@testable import MVCC

/// A page of the file becomes damaged under a running store: each operation that reads it reports
/// the damage, and nothing is returned, delivered or recorded as finished.
@Suite("Store: damaged pages") struct StorePageDamageTests {
    /// Keys `k000` to `k199`, each put once: so many pages that one of them is a small part.
    private static let keyCount = 200
    /// The revision whose page is damaged.
    private static let damaged: Revision = 120

    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture(compactionBatchMax: 50)
        for number in 0..<Self.keyCount {
            fixture.put(name(number), String(repeating: "\(number % 10)", count: 300))
        }
        try fixture.store.persist()
    }

    private func name(_ number: Int) -> String { "k" + String("\(1000 + number)".dropFirst()) }

    /// The key that was put at a revision; the first one has revision 2.
    private func key(at revision: Revision) -> ArraySlice<UInt8> { bytes(name(revision - 2)) }

    /// Gives the page of a record another page number, as a misdirected write of the disk would,
    /// and returns the page's own number.
    @discardableResult
    private func damage(_ revision: Revision = damaged) throws -> UInt64 {
        let record = try #require(
            try fixture.store.lock.withReadLock { state in
                try state.keyBucket?.get(RevisionKey(RevisionPair(main: revision)).encoded)
            })
        var image = [UInt8](repeating: 0, count: fixture.bolt.sizeBytes)
        let reading = fixture.bolt.beginRead()
        _ = image.withUnsafeMutableBytes { reading.readPages(at: 0, into: $0) }
        reading.end()
        let range = try #require(image.firstRange(of: record))
        let page = range.lowerBound / 4096
        let file = try fixture.disk.open(fixture.directory + "/db", .readWrite)
        try [UInt8](repeating: 0xEE, count: 8).withUnsafeBytes {
            try file.write($0, at: page * 4096)
        }
        file.close()
        return UInt64(page)
    }

    private func fault(_ page: UInt64) -> StoreError {
        .bolt(.corrupt(PageFault(page: page, reason: .wrongIdentity)))
    }

    @Test func aRangeFails() throws {
        let fault = ReadError.failed(fault(try damage()))
        let one = RangeRequest(key: key(at: Self.damaged))
        #expect(throws: fault) { try fixture.range(one) }
        let all = RangeRequest(key: bytes("k"), rangeEnd: [0])
        #expect(throws: fault) { try fixture.range(all) }
        var sorted = all
        sorted.sortTarget = .value
        sorted.sortOrder = .descend
        #expect(throws: fault) { try fixture.range(sorted) }
        // A range that needs none of its records succeeds.
        #expect(try fixture.range(RangeRequest(key: bytes(name(3)))).count == 1)
        var counting = all
        counting.countOnly = true
        #expect(try fixture.range(counting).count == Int64(Self.keyCount))
    }

    @Test func aReaderOfALargeRangeEndsWithTheDamage() throws {
        let reader = try fixture.store.openRange(
            RangeRequest(key: bytes("k"), rangeEnd: [0]), check: allowed)
        defer { reader.close() }
        let page = try damage()
        var writer = WireWriter(capacity: 64)
        #expect(throws: ReadError.failed(fault(page))) {
            while try !reader.read(keys: 10, bytes: 4000, into: &writer) {}
        }
    }

    @Test func watchersGetWholePagesUpToTheDamageAndNothingAfterIt() throws {
        let dispatcher = WatchDispatcher(
            store: fixture.store,
            configuration: WatchConfiguration(revisionsPerPage: 10))
        let receiver = CollectingReceiver()
        let everything = WatcherConfiguration(key: [0], end: [0], startRevision: 2)
        _ = dispatcher.register(everything, id: nil, on: dispatcher.openStream(receiver))
        let page = try damage()
        #expect(throws: fault(page)) { while try dispatcher.syncWatchers() {} }
        let last = try #require(receiver.revisions.last)
        #expect(receiver.revisions == Array(2...last))
        #expect(Revision(last) < Self.damaged)
        #expect(dispatcher.counts.unsynced == 1)
    }

    @Test func aPreviousPairThatCannotBeReadIsNotLeftOut() throws {
        let dispatcher = WatchDispatcher(store: fixture.store)
        let receiver = CollectingReceiver()
        let watched = WatcherConfiguration(key: Array(key(at: Self.damaged)), wantsPrevious: true)
        _ = dispatcher.register(watched, id: nil, on: dispatcher.openStream(receiver))
        let page = try damage()
        let committed = try #require(
            fixture.put(String(decoding: key(at: Self.damaged), as: UTF8.self), "new"))
        #expect(throws: fault(page)) { try dispatcher.notify([committed]) }
        #expect(receiver.revisions.isEmpty)
    }

    @Test func aCompactionIsNotMarkedAsFinished() throws {
        try fixture.store.scheduleCompaction(at: 150)
        try fixture.store.persist()
        let page = try damage()
        #expect(throws: fault(page)) { try fixture.compactFully() }
        #expect(fixture.store.finishedCompactionRevision == -1)
        let reading = fixture.bolt.beginRead()
        defer { reading.end() }
        let meta = try #require(try reading.bucket(StoreBucket.meta))
        #expect(try meta.get(StoreBucket.finishedCompaction) == nil)
        #expect(fixture.store.compactionHash(at: 150) == nil)
    }

    @Test func aHashIsCompleteOrFails() throws {
        let page = try damage()
        for revision in [0, 150] as [Revision] {
            #expect(throws: ReadError.failed(fault(page))) {
                try fixture.store.hashKV(at: revision)
            }
        }
        let reading = fixture.bolt.beginRead()
        defer { reading.end() }
        #expect(throws: fault(page)) { try Store.hashFile(reading) }
    }

    @Test func aStoreDoesNotOpen() throws {
        let page = try damage()
        let damage = fault(page)
        // A branch is read when the file is opened, a leaf when the index is restored.
        do {
            try fixture.reopen()
            Issue.record("a damaged store opens")
        } catch let error as BoltError {
            #expect(StoreError.bolt(error) == damage)
        } catch {
            #expect(error as? StoreError == damage)
        }
    }

    @Test func aMissingRecordIsReported() throws {
        let revision = RevisionPair(main: Self.damaged)
        let transaction = fixture.bolt.beginWrite()
        try transaction.createBucketIfMissing(StoreBucket.key)
            .delete(RevisionKey(revision).encoded)
        try transaction.commit()
        try fixture.store.publishSnapshot()
        #expect(throws: ReadError.failed(.missingRecord(revision))) {
            try fixture.range(RangeRequest(key: key(at: Self.damaged)))
        }
    }

    /// A transaction that has put a key and then reads the damaged page stops the store: its
    /// changes are neither read nor persisted.
    @Test func nothingOfATransactionThatMeetsDamageIsReadOrStored() throws {
        let failure = fault(try damage())
        let before = fixture.store.revisions.current
        var transaction = fixture.store.beginWrite()
        transaction.put(bytes("beside"), value: bytes("1"), lease: 0)
        #expect(throws: failure) {
            try transaction.withKeyValue(of: key(at: Self.damaged)) { $0 != nil }
        }
        transaction.abandon(failure)
        #expect(fixture.store.revisions.current == before)
        #expect(throws: ReadError.failed(failure)) {
            try fixture.range(RangeRequest(key: bytes("beside")))
        }
        #expect(throws: failure) { try fixture.store.history(from: 2, revisions: 1, bytes: 1) }
        #expect(throws: ReadError.failed(failure)) { try fixture.store.hashKV(at: 0) }
        #expect(throws: failure) { try fixture.store.persist() }
        let reading = fixture.bolt.beginRead()
        defer { reading.end() }
        let records = try #require(try reading.bucket(StoreBucket.key))
        let next = RevisionKey(RevisionPair(main: before.next)).encoded
        #expect(try records.get(next) == nil)
    }
}

/// Accepts everything and records the revisions.
private final class CollectingReceiver: WatchReceiver, @unchecked Sendable {
    // `@unchecked Sendable`: used by the test's own thread only.
    private(set) var revisions: [Int64] = []

    var hasCapacity: Bool { true }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        for delivery in deliveries {
            guard case .changes(let changes) = delivery.content else { continue }
            revisions += changes.map(\.revision.main.rawValue)
        }
        return true
    }
}
