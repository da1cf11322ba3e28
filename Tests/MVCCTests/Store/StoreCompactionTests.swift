import Bolt
import EtcdAPI
import Identifiers
import Testing

@testable import MVCC

@Suite struct StoreCompactionTests {
    private func storedRevisions(_ fixture: StoreFixture) throws -> [RevisionKey] {
        let reading = fixture.bolt.beginRead()
        defer { reading.end() }
        var found: [RevisionKey] = []
        guard var cursor = try reading.bucket(StoreBucket.key)?.cursor() else { return [] }
        while let (key, _) = try cursor.next() {
            if let name = RevisionKey(decoding: key) { found.append(name) }
        }
        return found
    }

    @Test func deletionAtTheRevisionStaysUntilTheNextCompaction() throws {
        let fixture = try StoreFixture()
        fixture.put("a", "1")
        fixture.delete("a")
        fixture.put("b", "1")
        try fixture.store.scheduleCompaction(at: 3)
        try fixture.store.persist()
        try fixture.compactFully()
        let tombstone = RevisionKey(RevisionPair(main: 3), isTombstone: true)
        #expect(try storedRevisions(fixture) == [tombstone, RevisionKey(RevisionPair(main: 4))])
        try fixture.reopen()
        try fixture.store.scheduleCompaction(at: 4)
        try fixture.store.persist()
        try fixture.compactFully()
        #expect(try storedRevisions(fixture) == [RevisionKey(RevisionPair(main: 4))])
    }

    @Test func interruptedCompactionContinuesAfterRestartAndKeepsNoHash() throws {
        let fixture = try StoreFixture(compactionBatchMax: 4)
        for number in 0..<30 { fixture.put("k", "\(number)") }
        try fixture.store.scheduleCompaction(at: 31)
        try fixture.store.persist()
        while try fixture.store.compactionStep() != .removed {}
        try fixture.reopen()
        #expect(fixture.store.revisions == (current: 31, compacted: 31))
        #expect(fixture.store.finishedCompactionRevision == -1)
        try fixture.compactFully()
        #expect(fixture.store.finishedCompactionRevision == 31)
        #expect(try storedRevisions(fixture) == [RevisionKey(RevisionPair(main: 31))])
        #expect(fixture.store.compactionHashes.isEmpty)
    }

    @Test func revisionDoesNotGoBackWhenCompactionEmptiesTheStore() throws {
        let fixture = try StoreFixture()
        fixture.put("a", "1")
        fixture.delete("a")
        fixture.put("b", "1")
        fixture.delete("b")
        fixture.put("c", "1")
        fixture.delete("c")
        for revision in [6, 7] as [Revision] {
            try fixture.store.scheduleCompaction(at: revision)
            try fixture.store.persist()
            try fixture.compactFully()
        }
        try fixture.reopen()
        #expect(fixture.store.revisions == (current: 7, compacted: 7))
    }

    @Test func onlyTheLastTenHashesAreKept() throws {
        let fixture = try StoreFixture()
        for number in 0..<14 {
            fixture.put("k", "\(number)")
            try fixture.store.scheduleCompaction(at: Revision(Int64(number) + 2))
            try fixture.store.persist()
            try fixture.compactFully()
        }
        #expect(fixture.store.compactionHashes.map(\.revision.rawValue) == Array(6...15))
    }

    @Test func appliedIndexIsPersistedWithItsBatch() throws {
        let fixture = try StoreFixture()
        fixture.store.withWriteLock {
            fixture.put("a", "1")
            fixture.store.setApplied(index: 9, term: 3)
            fixture.store.setConfState(Array("{}".utf8))
            fixture.store.mutateBackend { batch in
                batch.put(bucket: Array("lease".utf8), key: [1], value: [2])
            }
        }
        try fixture.store.persist()
        let reading = fixture.bolt.beginRead()
        defer { reading.end() }
        let meta = try #require(try reading.bucket(StoreBucket.meta))
        #expect(try meta.get(StoreBucket.consistentIndex) == StoreBucket.bigEndian(9))
        #expect(try meta.get(StoreBucket.term) == StoreBucket.bigEndian(3))
        #expect(try meta.get(StoreBucket.confState) == Array("{}".utf8))
        #expect(try reading.bucket(Array("lease".utf8))?.get([1]) == [2])
    }
}
