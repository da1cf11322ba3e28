import Identifiers
import Testing

@testable import MVCC

/// Single keys through creation, deletion and compaction.
@Suite struct KeyIndexGenerationTests {
    let index: KeyIndex
    let key = Array("k".utf8)

    init() throws { index = try KeyIndex(reservedBytes: 64 << 20) }

    func at(_ main: Revision, _ sub: Int64 = 0) -> RevisionPair {
        RevisionPair(main: main, sub: sub)
    }

    func record(_ main: Revision, created: Revision, version: Int64) -> KeyRecord {
        KeyRecord(modified: at(main), created: at(created), version: version)
    }

    func kept(_ main: Revision) -> [RevisionPair] {
        var kept: [RevisionPair] = []
        index.visitKept(at: main) { kept.append($0) }
        return kept
    }

    @Test func aKeyPutAgainAfterDeletionStartsAnew() {
        #expect(index.put(key, at(2)) == record(2, created: 2, version: 1))
        #expect(index.put(key, at(3)) == record(3, created: 2, version: 2))
        #expect(index.tombstone(key, at(4)) == record(3, created: 2, version: 2))
        #expect(index.tombstone(key, at(5)) == nil)
        #expect(index.put(key, at(6)) == record(6, created: 6, version: 1))
        #expect(index.get(key, 1) == nil)
        #expect(index.get(key, 2) == record(2, created: 2, version: 1))
        #expect(index.get(key, 3) == record(3, created: 2, version: 2))
        #expect(index.get(key, 4) == nil)
        #expect(index.get(key, 5) == nil)
        #expect(index.get(key, 6) == record(6, created: 6, version: 1))
    }

    @Test func theLastChangeOfATransactionIsVisible() {
        index.put(key, at(2, 0))
        index.tombstone(key, at(2, 1))
        let last = index.put(key, at(2, 2))
        #expect(last.version == 1)
        #expect(index.get(key, 2) == last)
        #expect(index.get(key, 1) == nil)
    }

    @Test func deletingAMissingKeyLeavesNoTrace() {
        #expect(index.tombstone(key, at(2)) == nil)
        #expect(index.keyCount == 0)
    }

    @Test func compactionKeepsTheNewestAtOrBelowIt() {
        for main in 2...6 { index.put(key, at(Revision(Int64(main)))) }
        #expect(index.compactAll(at: 4, sliceKeys: 1) == [at(4)])
        #expect(index.get(key, 3) == nil)
        #expect(index.get(key, 4) == record(4, created: 2, version: 3))
        #expect(index.get(key, 5) == record(5, created: 2, version: 4))
        #expect(index.compactAll(at: 9, sliceKeys: 1) == [at(6)])
        #expect(index.verify() == [])
    }

    @Test func aDeletionBelowTheCompactionRemovesTheKey() {
        index.put(key, at(2))
        index.tombstone(key, at(3))
        #expect(kept(4) == [])
        #expect(index.compactAll(at: 4, sliceKeys: 1) == [])
        #expect(index.keyCount == 0)
    }

    @Test func aDeletionAtTheCompactionStaysUntilTheNextButIsNotHashed() {
        index.put(key, at(2))
        index.tombstone(key, at(3))
        #expect(index.compactAll(at: 3, sliceKeys: 1) == [at(3)])
        #expect(kept(3) == [])
        #expect(index.keyCount == 1)
        #expect(index.get(key) == nil)
        #expect(index.compactAll(at: 4, sliceKeys: 1) == [])
        #expect(index.keyCount == 0)
        #expect(index.sizeBytes == PageArena.pageSizeBytes)
    }

    @Test func anOlderDeletionIsRemovedWhileTheNewerGenerationStays() {
        index.put(key, at(2))
        index.tombstone(key, at(3))
        index.put(key, at(5))
        #expect(index.compactAll(at: 4, sliceKeys: 1) == [])
        #expect(index.get(key, 4) == nil)
        #expect(index.get(key, 5) == record(5, created: 5, version: 1))
        #expect(index.compactAll(at: 5, sliceKeys: 1) == [at(5)])
    }

    @Test func restoredRecordsReadLikeTheOriginalPuts() throws {
        let bytes = key
        try bytes.withUnsafeBytes { key in
            try index.restoreTombstone(key, at: at(7))
            try index.restore(key, record: record(9, created: 9, version: 1))
            try index.restore(key, record: record(10, created: 9, version: 2))
            try index.restoreTombstone(key, at: at(11))
            try index.restoreTombstone(key, at: at(12))
        }
        #expect(index.get(key, 8) == nil)
        #expect(index.get(key, 9) == record(9, created: 9, version: 1))
        #expect(index.get(key, 10) == record(10, created: 9, version: 2))
        #expect(index.get(key, 11) == nil)
        #expect(index.put(key, at(13)).version == 1)
        #expect(index.verify() == [])
    }

    @Test func aKeyFirstRestoredMidGenerationContinues() throws {
        try key.withUnsafeBytes {
            try index.restore($0, record: record(20, created: 4, version: 9))
        }
        #expect(index.put(key, at(21)) == record(21, created: 4, version: 10))
    }

    @Test func changesDistinguishDeletionsFromAbsence() {
        index.put(key, at(2))
        index.tombstone(key, at(3))
        key.withUnsafeBytes { key in
            #expect(index.change(of: key, at: 1) == nil)
            #expect(index.change(of: key, at: 2) == KeyChange(modified: at(2), isTombstone: false))
            #expect(index.change(of: key, at: 9) == KeyChange(modified: at(3), isTombstone: true))
        }
    }

    @Test func twentyThousandVersionsOfOneKeyAreFoundAndCompacted() {
        for main in 2...20_001 { index.put(key, at(Revision(Int64(main)))) }
        #expect(index.get(key, 9_000)?.version == 8_999)
        #expect(index.compactAll(at: 20_000, sliceKeys: 10) == [at(20_000)])
        #expect(index.verify() == [])
        #expect(index.sizeBytes == PageArena.pageSizeBytes + ChunkArena.unitBytes)
    }

    @Test func revisionsBeyond56BitsAreRejected() async {
        await #expect(processExitsWith: .failure) {
            let index = try KeyIndex(reservedBytes: 64 << 20)
            index.put([1], RevisionPair(main: Revision(1 << 56)))
        }
    }

    @Test func revisionsOfAKeyMustAscend() async {
        await #expect(processExitsWith: .failure) {
            let index = try KeyIndex(reservedBytes: 64 << 20)
            index.put([1], RevisionPair(main: 3))
            index.put([1], RevisionPair(main: 3))
        }
    }
}
