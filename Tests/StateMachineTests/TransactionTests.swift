import Bolt
import Disk
import EtcdAPI
import MVCC
import Testing

@testable import StateMachine

@Suite("Transactions")
struct TransactionTests {
    private func compare(
        _ key: String, _ target: Compare.Target, _ result: Compare.Result,
        _ operand: Compare.Operand, end: String = ""
    ) -> Compare {
        Compare(
            result: result, target: target, key: bytes(key)[...], operand: operand,
            rangeEnd: bytes(end)[...])
    }

    private func value(_ text: String) -> Compare.Operand { .value(bytes(text)[...]) }

    private func holds(_ fixture: StateFixture, _ compares: Compare...) throws -> Bool {
        try #require(try fixture.txn(TxnRequest(compare: compares)).transaction).succeeded
    }

    @Test func comparesEveryTarget() throws {
        let fixture = try StateFixture()
        try fixture.grant(9, seconds: 60)
        try fixture.put("a", "1")
        try fixture.put("a", "m", lease: 9)
        #expect(try holds(fixture, compare("a", .version, .equal, .version(2))))
        #expect(try holds(fixture, compare("a", .create, .equal, .createRevision(2))))
        #expect(try holds(fixture, compare("a", .mod, .greater, .modRevision(2))))
        #expect(try holds(fixture, compare("a", .lease, .equal, .lease(9))))
        #expect(try holds(fixture, compare("a", .value, .equal, value("m"))))
        #expect(try holds(fixture, compare("a", .value, .less, value("n"))))
        #expect(try holds(fixture, compare("a", .value, .greater, value("lz"))))
        #expect(try !holds(fixture, compare("a", .value, .notEqual, value("m"))))
        #expect(try !holds(fixture, compare("a", .mod, .less, .modRevision(3))))
        // An operand of another target counts as zero or empty.
        #expect(try holds(fixture, compare("a", .version, .greater, .lease(100))))
        #expect(try holds(fixture, compare("a", .value, .greater, .version(1))))
        // Unknown numbers: an unknown target is equal, an unknown result always matches.
        #expect(try holds(fixture, compare("a", .init(rawValue: 77), .equal, .none)))
        #expect(try !holds(fixture, compare("a", .init(rawValue: 77), .less, .none)))
        #expect(try holds(fixture, compare("a", .version, .init(rawValue: 77), .version(999))))
    }

    @Test func aMissingKeyComparesAsZerosAndNoCompareOfItsValueHolds() throws {
        let fixture = try StateFixture()
        try fixture.put("b", "1")
        try fixture.delete("b")
        for key in ["a", "b"] {
            #expect(try holds(fixture, compare(key, .version, .equal, .version(0))))
            #expect(try holds(fixture, compare(key, .create, .less, .createRevision(1))))
            #expect(try holds(fixture, compare(key, .lease, .greater, .lease(-1))))
            #expect(try !holds(fixture, compare(key, .value, .equal, value(""))))
            #expect(try !holds(fixture, compare(key, .value, .notEqual, value("x"))))
            #expect(try holds(fixture, compare(key, .mod, .greater, .modRevision(-9))))
        }
    }

    /// In a separate process, since an overflow would crash it.
    @Test func theSmallestNumberComparesWithAMissingKey() async {
        await #expect(processExitsWith: .success) {
            let fixture = try StateFixture()
            for (target, operand) in [
                (Compare.Target.version, Compare.Operand.version(.min)),
                (.create, .createRevision(.min)), (.mod, .modRevision(.min)),
                (.lease, .lease(.min)),
            ] {
                let compare = Compare(
                    result: .greater, target: target, key: bytes("missing")[...],
                    operand: operand)
                let response = try fixture.txn(TxnRequest(compare: [compare])).transaction
                precondition(response?.succeeded == true, "zero is greater than any negative")
            }
        }
    }

    @Test func aRangeComparesAllItsKeys() throws {
        let fixture = try StateFixture()
        try fixture.put("a1", "x")
        try fixture.put("a2", "x")
        #expect(try holds(fixture, compare("a", .value, .equal, value("x"), end: "b")))
        try fixture.put("a2", "y")
        #expect(try !holds(fixture, compare("a", .value, .equal, value("x"), end: "b")))
        #expect(try holds(fixture, compare("a", .value, .equal, value("x"), end: "a2")))
        #expect(try holds(fixture, compare("a", .create, .greater, .createRevision(0), end: "\0")))
        #expect(try !holds(fixture, compare("x", .value, .equal, value("x"), end: "z")))
        #expect(try holds(fixture, compare("x", .version, .equal, .version(0), end: "z")))
    }

    @Test func comparesSeeTheStateBeforeAndReadsSeeWritesAtEveryLevel() throws {
        let fixture = try StateFixture()
        let missing = compare("a", .version, .equal, .version(0))
        let nested = TxnRequest(
            compare: [missing], success: [reading("a"), putting("b", "nested")],
            failure: [putting("wrong")])
        let applied = try fixture.txn(
            TxnRequest(
                compare: [missing],
                success: [
                    reading("a"), putting("a", "1"), .txn(nested), deleting("b"),
                    deleting("nothing"),
                ]))
        let response = try #require(applied.transaction)
        #expect(response.succeeded && response.responses.count == 5)
        #expect(applied.response.revision == 2 && fixture.revision == 2)
        guard case .range(let before) = response.responses[0],
            case .put(let put) = response.responses[1],
            case .txn(let inner) = response.responses[2],
            case .deleteRange(let deletion) = response.responses[3],
            case .range(let within)? = inner.responses.first
        else {
            Issue.record("responses are not in the order of the operations")
            return
        }
        #expect(before.count == 0 && before.header?.revision == 1)
        #expect(put.header?.revision == 2)
        #expect(inner.succeeded && inner.header == ResponseHeader())
        #expect(within.count == 1)
        #expect(deletion.deleted == 1)
        #expect(try fixture.value("a") == "1")
        #expect(try fixture.value("b") == nil)
        #expect(try fixture.value("wrong") == nil)
    }

    @Test func aFailingCheckChangesNothing() throws {
        let fixture = try StateFixture()
        try fixture.put("k", "1")
        try fixture.put("k", "2")
        try fixture.compact(3)
        let hash = try fixture.state.store.hashKV(at: 0).hash.hash
        let missingValue = RequestOp.put(PutRequest(key: bytes("n")[...], ignoreValue: true))
        let faults: [(RequestOp, EtcdError)] = [
            (putting("x", lease: 404), .leaseNotFound), (missingValue, .keyNotFound),
            (reading("k", revision: 2), .compacted), (reading("k", revision: 99), .futureRevision),
        ]
        for (fault, error) in faults {
            let flat = TxnRequest(compare: [], success: [putting("a", "1"), fault])
            #expect(try fixture.txn(flat).error == error)
            let nested = TxnRequest(
                compare: [],
                success: [
                    putting("a", "1"), deleting("k"),
                    .txn(TxnRequest(compare: [], success: [putting("b"), fault])),
                ])
            let applied = try fixture.txn(nested)
            #expect(applied.error == error && applied.response.revision == 3)
            // The same fault in the branch that is not taken has no effect.
            let other = TxnRequest(compare: [], success: [], failure: [fault])
            #expect(try fixture.txn(other).transaction?.succeeded == true)
        }
        #expect(fixture.revision == 3)
        #expect(try fixture.state.store.hashKV(at: 0).hash.hash == hash)
        #expect(try fixture.value("a") == nil)
    }

    @Test func aReadOnlyTransactionKeepsTheRevision() throws {
        let fixture = try StateFixture()
        try fixture.put("a", "1")
        let request = TxnRequest(
            compare: [compare("a", .version, .equal, .version(1))], success: [reading("a")],
            failure: [])
        let (txn, revision) = try fixture.evaluate(request, by: .none)
        guard case .range(let range) = txn.responses[0] else {
            Issue.record("no response")
            return
        }
        #expect(revision == 2 && txn.succeeded && range.count == 1)
        #expect(range.header?.revision == 2)
        #expect(fixture.revision == 2 && fixture.state.appliedIndex == 1)
        #expect(throws: ReadError.refused(.futureRevision)) {
            try fixture.evaluate(
                TxnRequest(compare: [], success: [reading("a", revision: 9)]), by: .none)
        }
        // The same through the log.
        #expect(try fixture.txn(request).response.revision == 2)
        #expect(try fixture.txn(TxnRequest()).response.revision == 2)
    }

    @Test func allWritesOfATransactionShareOneRevision() throws {
        let fixture = try StateFixture()
        try fixture.put("old", "1")
        try fixture.txn(
            TxnRequest(
                compare: [],
                success: [putting("a", "1"), deleting("old"), putting("b", "2")]))
        #expect(fixture.revision == 3)
        #expect(try fixture.pair("a")?.modRevision == 3)
        #expect(try fixture.pair("b")?.modRevision == 3)
        #expect(try fixture.pair("old") == nil)
    }
}
