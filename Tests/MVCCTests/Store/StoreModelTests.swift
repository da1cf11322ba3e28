import Disk
import EtcdAPI
import Identifiers
import Testing

@testable import MVCC

/// Compares the store with a model that keeps every complete state.
@Suite struct StoreModelTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func readsMatchTheModelThroughWritesCompactionsAndCrashes(seed: UInt64) throws {
        var run = try ModelRun(seed: seed)
        for _ in 0..<1500 { try run.step() }
        #expect(run.fixture.bolt.check() == [])
    }
}

private struct ModelRun {
    let fixture: StoreFixture
    var random: SeededGenerator
    var model = StoreModel()
    /// The state that a crash reverts to.
    var persisted: (revision: Revision, compacted: Revision) = (1, -1)

    init(seed: UInt64) throws {
        fixture = try StoreFixture(compactionBatchMax: 5, sliceKeys: 6, sliceBytes: 120)
        random = SeededGenerator(seed: seed)
    }

    mutating func step() throws {
        switch random.below(20) {
        case 0..<8: write()
        case 8..<15: try compareRange()
        case 15: try persist()
        case 16: try compact()
        case 17, 18: _ = try fixture.store.compactionStep()
        default: if random.below(4) == 0 { try crash() }
        }
    }

    mutating func randomKey() -> String { "k\(random.below(25))" }

    mutating func randomEnd() -> String {
        switch random.below(4) {
        case 0: return ""
        case 1: return "\0"
        default: return randomKey()
        }
    }

    mutating func write() {
        var transaction = fixture.store.beginWrite()
        let main = model.current.next
        var used: Set<String> = []
        for _ in 0...random.below(4) {
            let key = randomKey()
            if random.below(4) > 0 {
                guard used.insert(key).inserted else { continue }
                let value = "v\(random.below(1000))"
                let lease = Int64(random.below(3))
                transaction.put(bytes(key), value: bytes(value), lease: lease)
                model.put(key, value, lease: lease, at: main)
            } else {
                let end = random.below(2) == 0 ? "" : key + "5"
                guard !used.contains(where: { StoreModel.covers(key, end, $0) }) else { continue }
                let count = transaction.deleteRange(bytes(key), end: bytes(end))
                #expect(count == model.delete(key, end, at: main))
                used.insert(key)
            }
        }
        let committed = transaction.end()
        #expect(fixture.store.revisions.current == model.current)
        #expect((committed?.revision ?? model.current) == model.current)
        let attached = model.states[Int(model.current.rawValue)].filter { $0.pair.lease != 0 }
        #expect(fixture.leases.attached.count == attached.count)
    }

    mutating func compareRange() throws {
        var request = RangeRequest(key: bytes(randomKey()), rangeEnd: bytes(randomEnd()))
        if random.below(2) == 0 {
            request.revision = Int64(random.below(Int(model.current.rawValue) + 3))
        }
        if random.below(2) == 0 { request.limit = Int64(random.below(30)) }
        request.keysOnly = random.below(4) == 0
        request.countOnly = random.below(8) == 0
        if random.below(3) == 0 {
            // Values of sort keys repeat, so only unique ones can be compared in order.
            request.sortTarget = [.key, .mod][random.below(2)]
            request.sortOrder = random.below(2) == 0 ? .descend : .ascend
        }
        if random.below(4) == 0 { request.minModRevision = Int64(random.below(30)) }
        if random.below(6) == 0 { request.maxModRevision = model.current.rawValue - 3 }
        if random.below(6) == 0 { request.minCreateRevision = Int64(random.below(30)) }
        if random.below(6) == 0 { request.maxCreateRevision = model.current.rawValue - 3 }
        do throws(ReadError) {
            let expected = try model.range(request)
            if request.sortTarget == .mod {
                let actual = try fixture.range(request)
                #expect(actual.pairs.map(\.modRevision) == expected.pairs.map(\.modRevision))
                #expect(actual.more == expected.more && actual.count == expected.count)
            } else {
                #expect(try fixture.range(request) == expected, "\(request)")
            }
        } catch {
            #expect(throws: error) { try fixture.range(request) }
        }
    }

    mutating func persist() throws {
        try fixture.store.persist()
        persisted = (model.current, model.compacted)
    }

    mutating func compact() throws {
        let revision = Revision(Int64(random.below(Int(model.current.rawValue) + 2)))
        do throws(EtcdError) {
            try fixture.store.scheduleCompaction(at: revision)
            model.compact(at: revision)
        } catch {
            let isTooNew = revision > model.current
            #expect(error == (isTooNew ? .futureRevision : .compacted))
            #expect(isTooNew || revision <= max(model.compacted, 0))
        }
    }

    mutating func crash() throws {
        try fixture.reopen()
        model.truncate(to: persisted.revision, compacted: persisted.compacted)
        #expect(fixture.store.revisions.current == model.current)
        #expect(fixture.store.revisions.compacted == model.compacted)
        let attached = model.states[Int(model.current.rawValue)].filter { $0.pair.lease != 0 }
        #expect(fixture.leases.attached.count == attached.count)
    }
}
