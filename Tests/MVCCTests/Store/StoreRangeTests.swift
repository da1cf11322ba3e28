import Disk
import EtcdAPI
import Testing

@testable import MVCC

@Suite struct StoreRangeTests {
    private func keys(_ range: ReceivedRange) -> [String] {
        range.pairs.map { String(decoding: $0.key, as: UTF8.self) }
    }

    @Test func orderNoneLimitsInKeyOrderBeforeSorting() throws {
        let fixture = try StoreFixture()
        for value in ["5", "4", "3", "2", "1"] { fixture.put("k" + value, value) }
        var request = RangeRequest(key: bytes("k"), rangeEnd: bytes("l"))
        request.sortTarget = .mod
        request.limit = 2
        // k1, k2 and k3 are collected; the two oldest of those are returned.
        #expect(keys(try fixture.range(request)) == ["k3", "k2"])
        request.sortOrder = .ascend
        #expect(keys(try fixture.range(request)) == ["k5", "k4"])
    }

    @Test func keysOnlyLosesTheLeaseUnlessSortedByValue() throws {
        let fixture = try StoreFixture()
        fixture.put("a", "2", lease: 7)
        fixture.put("b", "1", lease: 8)
        var request = RangeRequest(key: bytes("a"), rangeEnd: [0])
        request.keysOnly = true
        #expect(try fixture.range(request).pairs.map(\.lease) == [0, 0])
        request.sortTarget = .value
        let sorted = try fixture.range(request)
        #expect(sorted.pairs.map(\.lease) == [8, 7])
        #expect(sorted.pairs.allSatisfy { $0.value.isEmpty && $0.modRevision > 0 })
    }

    @Test func sortsLargeRangesByValueAcrossPersistence() throws {
        let fixture = try StoreFixture(sliceKeys: 3, sliceBytes: 60)
        for number in 0..<50 {
            fixture.put("k\(number)", "\(1000 - number)")
            if number == 30 { try fixture.store.persist() }
        }
        var request = RangeRequest(key: bytes("k"), rangeEnd: bytes("l"))
        request.sortTarget = .value
        let values = try fixture.range(request).pairs.map { Array($0.value) }
        #expect(values.count == 50)
        #expect(values == values.sorted { $0.lexicographicallyPrecedes($1) })
    }

    @Test(arguments: [RangeRequest.SortTarget.key, .version, .create, .mod, .value])
    func aLimitKeepsTheFirstOfTheOrder(target: RangeRequest.SortTarget) throws {
        let fixture = try StoreFixture(sliceKeys: 7)
        var random = SeededGenerator(seed: 5)
        for _ in 0..<900 {
            fixture.put("k\(random.below(300))", "\(random.below(40))")
            if random.below(9) == 0 { _ = fixture.delete("k\(random.below(300))") }
        }
        var request = RangeRequest(key: bytes("k"), rangeEnd: bytes("l"))
        request.sortTarget = target
        for order in [RangeRequest.SortOrder.ascend, .descend] {
            request.sortOrder = order
            request.limit = 0
            let all = keys(try fixture.range(request))
            for limit in [1, 2, 31, 32, 64, 100, all.count - 1, all.count, 1000] {
                request.limit = Int64(limit)
                let limited = try fixture.range(request)
                #expect(keys(limited) == Array(all.prefix(limit)), "\(order) \(limit)")
                #expect(limited.more == (limit < all.count) && limited.count == all.count)
            }
        }
    }

    /// A long run of deleted keys does not make a slice longer.
    @Test func deletedKeysCountForASlice() throws {
        let fixture = try StoreFixture(sliceKeys: 4)
        for number in 100..<200 { fixture.put("k\(number)", "v") }
        for number in 101..<199 { _ = fixture.delete("k\(number)") }
        for order in [RangeRequest.SortOrder.none, .descend] {
            var request = RangeRequest(key: bytes("k"), rangeEnd: bytes("l"))
            request.sortOrder = order
            #expect(Set(keys(try fixture.range(request))) == ["k100", "k199"])
            request.limit = 1
            let first = try fixture.range(request)
            #expect(keys(first) == [order == .none ? "k100" : "k199"])
            #expect(first.more && first.count == 2)
        }
    }

    @Test func oldRevisionsAreCountedInSlices() throws {
        let fixture = try StoreFixture(sliceKeys: 4)
        for number in 100..<200 { fixture.put("k\(number)", "v") }
        let old = fixture.store.revisions.current.rawValue
        for number in 100..<200 where number % 3 > 0 { _ = fixture.delete("k\(number)") }
        var request = RangeRequest(key: bytes("k1"), rangeEnd: bytes("k18"))
        for countOnly in [true, false] {
            request.countOnly = countOnly
            for (revision, count) in [(old, 80), (0, 26)] as [(Int64, Int64)] {
                request.revision = revision
                for limit in [0, 5] as [Int64] {
                    request.limit = limit
                    let range = try fixture.range(request)
                    #expect(range.count == count)
                    let expected = limit == 0 ? count : limit
                    #expect(range.pairs.count == (countOnly ? 0 : Int(expected)))
                    #expect(range.more == (!countOnly && limit > 0))
                }
            }
        }
    }

    @Test func transactionSeesItsOwnChanges() throws {
        let fixture = try StoreFixture()
        fixture.put("a", "1")
        var transaction = fixture.store.beginWrite()
        let before = transaction.revision
        transaction.put(bytes("b"), value: bytes("2"), lease: 0)
        let deleted = transaction.deleteRange(bytes("a"), end: [])
        let after = transaction.revision
        #expect(before == 2 && deleted == 1 && after == 3)
        var response = RangeResponse()
        try transaction.range(RangeRequest(key: bytes("a"), rangeEnd: [0]), into: &response)
        #expect(decodePairs(response.keyValues).map { Array($0.key) } == [Array("b".utf8)])
        var old = RangeRequest(key: bytes("a"))
        old.revision = 4
        #expect(throws: ReadError.refused(.futureRevision)) {
            try transaction.range(old, into: &response)
        }
        let committed = transaction.end()
        #expect(committed?.changeCount == 2)
        #expect(fixture.store.revisions.current == 3)
    }

    @Test func deletingNothingKeepsTheRevision() throws {
        let fixture = try StoreFixture()
        let (count, committed) = fixture.delete("missing")
        #expect(count == 0 && committed == nil)
        #expect(fixture.store.revisions.current == 1)
    }

    @Test func readerKeepsItsRevisionWhileCompactionWaits() throws {
        let fixture = try StoreFixture(sliceKeys: 4)
        for number in 0..<40 { fixture.put("k\(number)", "old") }
        let reader = try fixture.store.openRange(
            RangeRequest(key: bytes("k"), rangeEnd: [0]), check: allowed)
        for number in 0..<40 { fixture.put("k\(number)", "new") }
        try fixture.store.scheduleCompaction(at: 81)
        try fixture.store.persist()
        #expect(try fixture.store.compactionStep() == .waiting)
        var writer = WireWriter(capacity: 16)
        while try !reader.read(keys: 3, bytes: 1000, into: &writer) {}
        let pairs = decodePairs(writer.written)
        #expect(pairs.count == 40 && pairs.allSatisfy { Array($0.value) == Array("old".utf8) })
        reader.close()
        #expect(try fixture.compactFully()?.removedCount == 40)
    }

    /// A chunk that ends at the limit is the last one: only `more` may follow it.
    @Test(arguments: [(9, true), (10, false), (11, false)])
    func readerIsDoneWithThePairThatReachesTheLimit(limit: Int64, hasMore: Bool) throws {
        let fixture = try StoreFixture(sliceKeys: 4)
        for number in 0..<10 { fixture.put("k\(number)", "v") }
        let reader = try fixture.store.openRange(
            RangeRequest(key: bytes("k"), rangeEnd: [0], limit: limit), check: allowed)
        var writer = WireWriter(capacity: 16)
        #expect(try !reader.read(keys: 5, bytes: 1000, into: &writer))
        #expect(try reader.read(keys: Int(limit) - 5, bytes: 1000, into: &writer))
        #expect(decodePairs(writer.written).count == min(Int(limit), 10))
        #expect(reader.more == hasMore)
        reader.close()
    }

    @Test func revokedReaderEndsAsCompacted() throws {
        let fixture = try StoreFixture()
        fixture.put("a", "1")
        let reader = try fixture.store.openRange(RangeRequest(key: bytes("a")), check: allowed)
        fixture.put("a", "2")
        try fixture.store.scheduleCompaction(at: 3)
        try fixture.store.persist()
        for pin in fixture.store.heldPins where pin.revision < 3 { pin.revoke() }
        #expect(try fixture.compactFully()?.revision == 3)
        #expect(throws: ReadError.refused(.compacted)) {
            var writer = WireWriter(capacity: 16)
            _ = try reader.read(keys: 1, bytes: 100, into: &writer)
        }
    }
}
