import Auth
import EtcdAPI
import Identifiers
import MVCC
import Disk
import Testing

@testable import StateMachine

/// Transactions that only read run in slices, and read one moment.
@Suite struct ReadOnlyTransactionTests {
    private func fill(_ fixture: StateFixture, _ generator: inout SeededGenerator) throws {
        try fixture.grant(7, seconds: 600)
        for _ in 0..<300 {
            let key = "k\(10 + generator.number(below: 60))"
            if generator.happens(200_000) {
                try fixture.delete(key)
            } else {
                try fixture.put(
                    key, "v\(generator.number(below: 5))",
                    lease: generator.happens(500_000) ? 7 : 0)
            }
            if generator.happens(20_000) { try fixture.state.store.persist() }
        }
    }

    private func compare(_ generator: inout SeededGenerator) -> Compare {
        let number = Int64(generator.number(below: 4))
        let (target, operand): (Compare.Target, Compare.Operand) =
            switch generator.number(below: 6) {
            case 0: (.version, .version(number))
            case 1: (.create, .createRevision(number * 100))
            case 2: (.mod, .modRevision(number * 100))
            case 3: (.lease, .lease(7 * number))
            case 4: (.value, .value(bytes("v\(number)")[...]))
            default: (.version, .modRevision(number))
            }
        let results: [Compare.Result] = [.equal, .greater, .less, .notEqual]
        return Compare(
            result: results[generator.number(below: 4)], target: target, key: key(&generator),
            operand: operand, rangeEnd: generator.happens(500_000) ? bytes("l")[...] : [])
    }

    private func key(_ generator: inout SeededGenerator) -> ArraySlice<UInt8> {
        bytes("k\(10 + generator.number(below: 70))")[...]
    }

    private func range(_ generator: inout SeededGenerator, newest: Revision) -> RequestOp {
        var range = RangeRequest(key: key(&generator))
        if generator.happens(700_000) { range.rangeEnd = bytes("l")[...] }
        if generator.happens(300_000) { range.limit = Int64(generator.number(below: 20)) }
        if generator.happens(300_000) {
            range.revision = newest.rawValue - Int64(generator.number(below: 50))
        }
        range.sortOrder = .init(rawValue: Int32(generator.number(below: 3)))
        range.sortTarget = .init(rawValue: Int32(generator.number(below: 5)))
        range.keysOnly = generator.happens(200_000)
        range.countOnly = generator.happens(200_000)
        return .range(range)
    }

    private func request(
        _ generator: inout SeededGenerator, newest: Revision
    ) -> TxnRequest {
        var request = TxnRequest()
        request.compare = (0..<generator.number(below: 4)).map { _ in compare(&generator) }
        request.success = (0..<generator.number(below: 4)).map { _ in
            range(&generator, newest: newest)
        }
        request.failure = (0..<generator.number(below: 4)).map { _ in
            range(&generator, newest: newest)
        }
        return request
    }

    @Test("The response is that of the same transaction through the log", arguments: [3, 1024])
    func likeThroughTheLog(sliceKeys: Int) throws {
        let fixture = try StateFixture(sliceKeys: sliceKeys)
        var generator = SeededGenerator(seed: 5)
        try fill(fixture, &generator)
        var succeeded = 0
        for _ in 0..<500 {
            let request = request(&generator, newest: fixture.revision)
            let (response, revision) = try fixture.evaluate(request, by: .none)
            let logged = try fixture.txn(request)
            #expect(response == logged.transaction && revision == logged.response.revision)
            succeeded += response.succeeded ? 1 : 0
        }
        #expect((100..<450).contains(succeeded))
    }

    @Test("Writes, compactions and the file change nothing between its slices")
    func readsOneMoment() throws {
        let fixture = try StateFixture(sliceKeys: 2)
        var generator = SeededGenerator(seed: 6)
        try fill(fixture, &generator)
        var slices = 0
        for _ in 0..<60 {
            let request = request(&generator, newest: fixture.revision)
            let expected = try fixture.txn(request).transaction
            var failure: (any Error)?
            let (response, _) = try fixture.evaluate(request, by: .none) {
                slices += 1
                do {
                    try change(fixture, &generator)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            #expect(response == expected)
            // What the transaction had held up can be compacted now.
            try fixture.finishCompactions()
            try fill(fixture, &generator)
        }
        #expect(slices > 500)
    }

    private func change(_ fixture: StateFixture, _ generator: inout SeededGenerator) throws {
        try fixture.put("k\(10 + generator.number(below: 60))", "later")
        try fixture.delete("k\(10 + generator.number(below: 60))")
        switch generator.number(below: 4) {
        case 0: try fixture.state.store.persist()
        case 1: try fixture.compact(fixture.revision)
        case 2: _ = try fixture.state.store.compactionStep()
        default: break
        }
    }

    @Test("A revision that cannot be read refuses the transaction, in the chosen branch only")
    func unreadableRevisions() throws {
        let fixture = try StateFixture()
        for number in 0..<5 { try fixture.put("a", "\(number)") }
        try fixture.compact(4)
        let absent = Compare(
            result: .equal, target: .version, key: bytes("z")[...], operand: .version(0))
        for (revision, error) in [(3, EtcdError.compacted), (-1, .compacted), (9, .futureRevision)]
        {
            let bad = reading("a", revision: Revision(Int64(revision)))
            let chosen = TxnRequest(compare: [absent], success: [reading("a"), bad])
            #expect(throws: ReadError.refused(error)) {
                try fixture.evaluate(chosen, by: .none)
            }
            let other = TxnRequest(compare: [absent], success: [reading("a")], failure: [bad])
            #expect(try fixture.evaluate(other, by: .none).response.responses.count == 1)
        }
    }

    @Test("A negative revision reads the newest one before the first compaction, as in the log")
    func negativeRevision() throws {
        let fixture = try StateFixture()
        try fixture.put("a", "1")
        let request = TxnRequest(compare: [], success: [reading("a", revision: -1)])
        let logged = try fixture.txn(request).transaction
        #expect(try fixture.evaluate(request, by: .none).response == logged)
        #expect(try fixture.compact(2).error == nil)
        try fixture.finishCompactions()
    }

    @Test("A transaction that takes too long loses its revision to a compaction")
    func revoked() throws {
        let fixture = try StateFixture(sliceKeys: 2)
        for number in 10..<30 { try fixture.put("k\(number)") }
        let all = RangeRequest(key: bytes("k")[...], rangeEnd: bytes("l")[...])
        let transaction = try ReadOnlyTransaction(
            TxnRequest(compare: [], success: [.range(all)]), by: .none, in: fixture.state.store)
        #expect(try !transaction.advance())
        for pin in fixture.state.store.heldPins { pin.revoke() }
        #expect(throws: ReadError.refused(.compacted)) {
            while try !transaction.advance() {}
        }
        transaction.close()
        #expect(fixture.state.store.heldPins.isEmpty)
    }
}

extension SeededGenerator {
    fileprivate mutating func happens(_ perMillion: Int) -> Bool {
        number(below: 1_000_000) < perMillion
    }

    fileprivate mutating func number(below bound: Int) -> Int {
        Int.random(in: 0..<bound, using: &self)
    }
}
