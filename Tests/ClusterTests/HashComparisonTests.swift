import Identifiers
import Membership
import Testing

@testable import EtcdServer

@Suite("Comparing hashes")
struct HashComparisonTests {
    private func response(
        _ hash: UInt32, compact: Revision = 5, newest: Revision = 9
    ) -> HashResponse {
        HashResponse(newestRevision: newest, hash: hash, compactRevision: compact, hashRevision: 9)
    }

    private func others(
        _ responses: [HashResponse?]
    ) -> [(id: MemberID, response: HashResponse?)] {
        responses.enumerated().map { (MemberID(rawValue: UInt64($0.offset + 2)), $0.element) }
    }

    private func verdict(_ responses: [HashResponse?]) -> HashComparison.Verdict {
        HashComparison(
            leader: MemberID(rawValue: 1), hash: 7, compactRevision: 5, others: others(responses)
        ).verdict
    }

    private func ids(_ numbers: UInt64...) -> [MemberID] { numbers.map { MemberID(rawValue: $0) } }

    @Test func comparesHashesOfACompaction() {
        #expect(verdict([response(7), response(7)]) == .consistent)
        #expect(verdict([response(7), nil]) == .incomplete)
        #expect(verdict([response(7), response(8, compact: 4)]) == .incomplete)
        #expect(verdict([nil, nil]) == .incomplete)
        #expect(verdict([response(7), response(8)]) == .corrupt(ids(3)))
        #expect(verdict([response(8), response(8)]) == .corrupt(ids(1)))
        #expect(verdict([response(8), response(9)]) == .corrupt([]))
        #expect(verdict([response(8)]) == .corrupt([]), "one against one: no majority")
        #expect(
            verdict([response(7), response(7), response(8), response(9)]) == .corrupt(ids(4, 5)))
        #expect(verdict([response(8), nil]) == .corrupt([]), "two of three do not agree")
    }

    private func corrupt(
        _ responses: [HashResponse?], second: HashResponse? = nil
    ) -> MemberID? {
        PeriodicHashComparison(
            leader: MemberID(rawValue: 1), first: response(7), second: second ?? response(7),
            others: others(responses)
        ).corrupt?.member
    }

    @Test func comparesHashesOfTheNewestRevision() {
        let later = HashResponse(
            newestRevision: 12, hash: 9, compactRevision: 5, hashRevision: 12)
        #expect(corrupt([response(7), nil]) == nil)
        #expect(corrupt([response(8, compact: 3)]) == nil, "another compaction, another hash")
        #expect(corrupt([response(8)]) == MemberID(rawValue: 2))
        #expect(corrupt([response(7), response(7, newest: 10)]) == MemberID(rawValue: 3))
        #expect(corrupt([response(7, compact: 6)]) == MemberID(rawValue: 2))
        #expect(corrupt([response(7)], second: response(8)) == MemberID(rawValue: 1))
        // Writes between the two hashes explain a different hash of the leader.
        #expect(corrupt([response(7, newest: 12)], second: later) == nil)
    }

    @Test func responsesHaveTheJSONOfGo() {
        let full = response(7)
        #expect(
            full.json
                == #"{"header":{"revision":9},"hash":7,"compact_revision":5,"hash_revision":9}"#)
        #expect(HashResponse(json: Array(full.json.utf8)) == full)
        // A response of 3.5.1.
        let old =
            #"{"header":{"cluster_id":1,"member_id":2,"revision":3,"raft_term":2},"#
            + #""hash":4,"compact_revision":-1}"#
        #expect(
            HashResponse(json: Array(old.utf8))
                == HashResponse(newestRevision: 3, hash: 4, compactRevision: -1, hashRevision: 0))
        #expect(HashResponse(json: Array("[]".utf8)) == nil)
        #expect(HashResponse(json: Array(#"{"hash":-1}"#.utf8)) == nil)
        #expect(HashRequest(json: Array(#"{"revision":5}"#.utf8)) == HashRequest(revision: 5))
        #expect(HashRequest(json: Array("{}".utf8)) == HashRequest(revision: 0))
        #expect(HashRequest(json: []) == nil)
    }
}
