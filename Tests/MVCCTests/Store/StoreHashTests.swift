import Disk
import EtcdAPI
import Identifiers
import Testing

@testable import MVCC

@Suite struct StoreHashTests {
    @Test func emptyStoreHasEtcdsHash() throws {
        let fixture = try StoreFixture()
        let (hash, revision) = try fixture.store.hashKV(at: 0)
        #expect(hash == KeyValueHash(hash: 1_084_519_789, compactRevision: -1, revision: 1))
        #expect(revision == 1)
    }

    @Test func firstPutHasEtcdsHash() throws {
        let fixture = try StoreFixture()
        fixture.put("test-key", "test-value", lease: 1)
        let expected = KeyValueHash(hash: 645_561_629, compactRevision: -1, revision: 2)
        #expect(try fixture.store.hashKV(at: 0).hash == expected)
        try fixture.store.persist()
        #expect(try fixture.store.hashKV(at: 2).hash == expected)
        try fixture.reopen()
        #expect(try fixture.store.hashKV(at: 2).hash == expected)
    }

    @Test func hashIsRejectedOutsideTheHistory() throws {
        let fixture = try StoreFixture()
        for number in 0..<5 { fixture.put("k", "\(number)") }
        try fixture.store.scheduleCompaction(at: 4)
        #expect(throws: ReadError.refused(.compacted)) { try fixture.store.hashKV(at: 3) }
        #expect(throws: ReadError.refused(.futureRevision)) { try fixture.store.hashKV(at: 7) }
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func hashDoesNotDependOnPersistenceOrOnCompactionProgress(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let fixture = try StoreFixture(compactionBatchMax: 7)
        func write() {
            let key = "k\(random.below(20))"
            if random.below(3) == 0 {
                fixture.delete(key)
            } else {
                fixture.put(key, "\(random.next())")
            }
        }
        for _ in 0..<60 {
            write()
            if random.below(10) == 0 { try fixture.store.persist() }
        }
        fixture.put("kept", "1")
        let current = fixture.store.revisions.current
        let middle = Revision(current.rawValue / 2)
        try fixture.store.scheduleCompaction(at: middle)
        let asked = [middle, middle + (current - middle) / 2, current]
        let before = try asked.map { try fixture.store.beginHash(at: $0).finish() }
        try fixture.store.persist()
        while true {
            #expect(try asked.map { try fixture.store.beginHash(at: $0).finish() } == before)
            let progress = try fixture.store.compactionStep()
            if progress == .idle { break }
        }
        try fixture.reopen()
        #expect(try asked.map { try fixture.store.beginHash(at: $0).finish() } == before)
    }

    @Test func compactionHashIsTheHashThatCompactionWouldHaveGiven() throws {
        let fixture = try StoreFixture(compactionBatchMax: 3)
        for number in 0..<20 {
            fixture.put("k\(number % 6)", "\(number)")
            if number % 7 == 6 { fixture.delete("k\(number % 6)") }
        }
        let expected = try fixture.store.beginHash(at: 15).finish()
        try fixture.store.scheduleCompaction(at: 15)
        try fixture.store.persist()
        let report = try #require(try fixture.compactFully())
        #expect(report.hash == expected)
        #expect(try fixture.store.hashKV(at: 15).hash == expected)
        #expect(fixture.store.compactionHashes == [expected])
    }

    @Test func hashesDoNotDependOnWhetherThePreviousCompactionHasFinished() throws {
        func hashes(waits: Bool) throws -> [KeyValueHash] {
            let fixture = try StoreFixture(compactionBatchMax: 3)
            for number in 0..<20 {
                fixture.put("k\(number % 6)", "\(number)")
                if number % 7 == 6 { fixture.delete("k\(number % 6)") }
            }
            for revision in [9, 15] as [Revision] {
                try fixture.store.scheduleCompaction(at: revision)
                guard waits else { continue }
                try fixture.store.persist()
                try fixture.compactFully()
            }
            try fixture.store.persist()
            while try fixture.store.compactionStep() != .idle {}
            return fixture.store.compactionHashes
        }
        let expected = try hashes(waits: true)
        #expect(expected.map(\.revision) == [9, 15])
        #expect(try hashes(waits: false) == expected)
    }
}

extension HashJob {
    func finish() throws(ReadError) -> KeyValueHash {
        while true {
            if let hash = try step(records: 3) { return hash }
        }
    }
}
