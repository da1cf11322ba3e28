import EtcdAPI
import Identifiers
import Testing

@testable import MVCC

/// Files with valid pages and malformed records: reported as an error, never read as data.
@Suite("Store: damaged records")
struct StoreDamageTests {
    /// Opens a store whose file has these records.
    private func open(_ records: [(name: [UInt8], pair: KeyValue)], meta: [UInt8]? = nil) throws {
        let fixture = try StoreFixture()
        let transaction = fixture.bolt.beginWrite()
        let bucket = try #require(try transaction.bucket(StoreBucket.key))
        for (name, pair) in records { try bucket.put(name, pair.encoded()) }
        if let meta {
            let bucket = try #require(try transaction.bucket(StoreBucket.meta))
            try bucket.put(StoreBucket.scheduledCompaction, meta)
        }
        try transaction.commit()
        try fixture.reopen()
    }

    private func name(_ main: Revision, _ sub: Int64 = 0, isTombstone: Bool = false) -> [UInt8] {
        RevisionKey(RevisionPair(main: main, sub: sub), isTombstone: isTombstone).encoded
    }

    private func pair(created: Revision = 2, version: Int64 = 1) -> KeyValue {
        KeyValue(
            key: bytes("a"), createRevision: created.rawValue, modRevision: 2, version: version,
            value: bytes("v"))
    }

    @Test func soundRecordsAreRead() throws {
        try open([(name(2), pair()), (name(3, isTombstone: true), pair())], meta: name(3))
    }

    @Test(
        arguments: [
            (2, 1 << 40), (2, -1), (-1, 1), (Revision(1 << 56), 1), (.max, 1), (2, Int64.min),
        ] as [(Revision, Int64)])
    func numbersThatNoRecordHasAreRejected(created: Revision, version: Int64) {
        #expect(throws: StoreError.malformedRecord(key: name(2))) {
            try open([(name(2), pair(created: created, version: version))])
        }
    }

    @Test(arguments: [(Revision(1 << 56), 0), (.max, 0), (2, 1 << 32)] as [(Revision, Int64)])
    func revisionsThatNoRecordHasAreRejected(main: Revision, sub: Int64) {
        for isTombstone in [false, true] {
            let name = name(main, sub, isTombstone: isTombstone)
            #expect(throws: StoreError.malformedRecord(key: name)) {
                try open([(name, pair())])
            }
        }
    }

    @Test func aRevisionThatComesTwiceIsRejected() {
        #expect(throws: StoreError.malformedRecord(key: name(2, isTombstone: true))) {
            try open([(name(2), pair()), (name(2, isTombstone: true), pair())])
        }
    }

    @Test func aCompactionOfARevisionThatCannotBeIsRejected() {
        #expect(throws: StoreError.malformedRecord(key: StoreBucket.scheduledCompaction)) {
            try open([], meta: name(.max))
        }
    }
}
