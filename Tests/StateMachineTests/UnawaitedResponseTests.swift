import EtcdAPI
import Identifiers
import MVCC
import Testing

@testable import StateMachine

/// Members without a caller waiting for a response do not build it. They end in the same state.
@Suite("Responses that nobody waits for")
struct UnawaitedResponseTests {
    /// Applies the same requests to a member that is waited for and to one that is not.
    private struct Pair {
        let awaited: StateFixture
        let other: StateFixture

        init() throws {
            awaited = try StateFixture()
            other = try StateFixture()
            other.isAwaited = false
        }

        func both(
            _ body: (StateFixture) throws -> AppliedEntry
        ) throws -> (awaited: AppliedEntry, other: AppliedEntry) {
            (try body(awaited), try body(other))
        }

        func requireEqualStates() throws {
            #expect(awaited.revision == other.revision)
            #expect(try awaited.fileHash() == other.fileHash())
        }
    }

    private let everything = TxnRequest(
        compare: [],
        success: [
            .put(PutRequest(key: bytes("a")[...], value: bytes("3")[...], prevKV: true)),
            reading("a"),
            .deleteRange(
                DeleteRangeRequest(key: bytes("b")[...], rangeEnd: bytes("c")[...], prevKV: true)),
            .txn(TxnRequest(compare: [], success: [reading("a"), putting("d", "4")])),
        ])

    @Test func nothingIsReadForThem() throws {
        let pair = try Pair()
        for fixture in [pair.awaited, pair.other] {
            try fixture.put("a", "1")
            try fixture.put("b1", "1")
            try fixture.put("b2", "1")
        }
        let put = try pair.both { try $0.put("a", "2", prevKV: true) }
        guard case .put(let response) = put.awaited.response.body else {
            Issue.record("a put that is waited for has no response")
            return
        }
        #expect(response.previous != nil && put.other.isOmitted)
        #expect(put.other.executed == ExecutedOperations(puts: 1))
        let txn = try pair.both { try $0.txn(everything) }
        #expect(txn.awaited.transaction?.responses.count == 4 && txn.other.isOmitted)
        #expect(txn.awaited.executed == ExecutedOperations(puts: 2, deletes: 1, ranges: 2))
        #expect(txn.other.executed == ExecutedOperations(puts: 2, deletes: 1))
        #expect(txn.awaited.response.revision == txn.other.response.revision)
        let delete = try pair.both { try $0.delete("a", end: "z", prevKV: true) }
        #expect(delete.other.isOmitted && delete.other.executed.deletes == 1)
        let range = try pair.both {
            try $0.request(
                InternalRaftRequest.Field.range, RangeRequest(key: bytes("a")[...]).encoded())
        }
        #expect(range.awaited.executed.ranges == 1)
        #expect(range.other.isOmitted && range.other.executed.total == 0)
        try pair.requireEqualStates()
    }

    /// A part of the former pair that is kept is no part of the response.
    @Test func keptValuesAndLeasesAreRead() throws {
        let pair = try Pair()
        _ = try pair.both { try $0.grant(7, seconds: 60) }
        _ = try pair.both { try $0.put("a", "1", lease: 7) }
        _ = try pair.both { try $0.put("a", ignoreValue: true) }
        #expect(try pair.other.value("a") == "1" && pair.other.pair("a")?.lease == 0)
        _ = try pair.both { try $0.put("a", "2", lease: 7) }
        _ = try pair.both { try $0.put("a", "3", prevKV: true, ignoreLease: true) }
        #expect(try pair.other.value("a") == "3" && pair.other.pair("a")?.lease == 7)
        try pair.requireEqualStates()
    }

    /// Every error that etcd finds before it changes anything, and the one of a range that is
    /// skipped where nobody waits for it.
    @Test func allMembersRefuseTheSame() throws {
        let pair = try Pair()
        for fixture in [pair.awaited, pair.other] {
            try fixture.put("k", "1")
            try fixture.put("k", "2")
            try fixture.compact(3)
        }
        let faults: [(RequestOp, EtcdError)] = [
            (putting("x", lease: 404), .leaseNotFound),
            (.put(PutRequest(key: bytes("n")[...], ignoreValue: true)), .keyNotFound),
            (.put(PutRequest(key: bytes("n")[...], ignoreLease: true)), .keyNotFound),
            (reading("k", revision: 2), .compacted), (reading("k", revision: 99), .futureRevision),
        ]
        for (fault, error) in faults {
            let inner = TxnRequest(compare: [], success: [putting("b"), fault])
            for request in [
                TxnRequest(compare: [], success: [putting("a", "1"), fault]),
                TxnRequest(compare: [], success: [putting("a", "1"), .txn(inner)]),
                TxnRequest(compare: [], success: [fault]),
            ] {
                let applied = try pair.both { try $0.txn(request) }
                #expect(applied.awaited.error == error && applied.other.error == error)
            }
        }
        for (revision, error) in [(2, EtcdError.compacted), (99, .futureRevision)] {
            var request = RangeRequest(key: bytes("k")[...])
            request.revision = Int64(revision)
            let applied = try pair.both {
                try $0.request(InternalRaftRequest.Field.range, request.encoded())
            }
            #expect(applied.awaited.error == error && applied.other.error == error)
        }
        #expect(pair.other.revision == 3)
        try pair.requireEqualStates()
    }

    @Test func theyAreAwaitedByTheIDOfTheRequest() throws {
        let fixture = try StateFixture()
        let data = wrapped(
            InternalRaftRequest.Field.put, PutRequest(key: bytes("a")[...]).encoded())
        var ids: [UInt64] = []
        try fixture.state.applyBatch {
            _ = try fixture.state.apply(
                CommittedEntry(index: 1, term: 3, kind: .request, data: data)
            ) { id in
                ids.append(id)
                return false
            }
        }
        #expect(ids == [77])
    }
}
