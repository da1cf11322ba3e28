import Membership
import Testing

@testable import EtcdServer

@Suite("Comparing hashes")
struct HashJudgementTests {
    private func answer(
        _ hash: UInt32, compact: Int64 = 5, newest: Int64 = 9
    ) -> HashAnswer {
        HashAnswer(newestRevision: newest, hash: hash, compactRevision: compact, hashRevision: 9)
    }

    private func others(
        _ answers: [HashAnswer?]
    ) -> [(id: MemberID, answer: HashAnswer?)] {
        answers.enumerated().map { (MemberID(rawValue: UInt64($0.offset + 2)), $0.element) }
    }

    private func verdict(_ answers: [HashAnswer?]) -> HashJudgement.Verdict {
        HashJudgement(
            leader: MemberID(rawValue: 1), hash: 7, compactRevision: 5, others: others(answers)
        ).verdict
    }

    private func ids(_ numbers: UInt64...) -> [MemberID] { numbers.map { MemberID(rawValue: $0) } }

    @Test func ofACompaction() {
        #expect(verdict([answer(7), answer(7)]) == .consistent)
        #expect(verdict([answer(7), nil]) == .incomplete)
        #expect(verdict([answer(7), answer(8, compact: 4)]) == .incomplete)
        #expect(verdict([nil, nil]) == .incomplete)
        #expect(verdict([answer(7), answer(8)]) == .corrupt(ids(3)))
        #expect(verdict([answer(8), answer(8)]) == .corrupt(ids(1)))
        #expect(verdict([answer(8), answer(9)]) == .corrupt([]))
        #expect(verdict([answer(8)]) == .corrupt([]), "one against one: nobody can tell")
        #expect(
            verdict([answer(7), answer(7), answer(8), answer(9)]) == .corrupt(ids(4, 5)))
        #expect(verdict([answer(8), nil]) == .corrupt([]), "two of three do not agree")
    }

    private func corrupt(
        _ answers: [HashAnswer?], second: HashAnswer? = nil
    ) -> MemberID? {
        PeriodicHashJudgement(
            leader: MemberID(rawValue: 1), first: answer(7), second: second ?? answer(7),
            others: others(answers)
        ).corrupt?.member
    }

    @Test func ofTheNewestRevision() {
        let later = HashAnswer(
            newestRevision: 12, hash: 9, compactRevision: 5, hashRevision: 12)
        #expect(corrupt([answer(7), nil]) == nil)
        #expect(corrupt([answer(8, compact: 3)]) == nil, "another compaction, another hash")
        #expect(corrupt([answer(8)]) == MemberID(rawValue: 2))
        #expect(corrupt([answer(7), answer(7, newest: 10)]) == MemberID(rawValue: 3))
        #expect(corrupt([answer(7, compact: 6)]) == MemberID(rawValue: 2))
        #expect(corrupt([answer(7)], second: answer(8)) == MemberID(rawValue: 1))
        // What was written between the two hashes explains another hash of the leader.
        #expect(corrupt([answer(7, newest: 12)], second: later) == nil)
    }

    @Test func answersHaveGosForm() {
        let full = answer(7)
        #expect(
            full.json
                == #"{"header":{"revision":9},"hash":7,"compact_revision":5,"hash_revision":9}"#)
        #expect(HashAnswer(json: Array(full.json.utf8)) == full)
        // What 3.5.1 answers.
        let old =
            #"{"header":{"cluster_id":1,"member_id":2,"revision":3,"raft_term":2},"#
            + #""hash":4,"compact_revision":-1}"#
        #expect(
            HashAnswer(json: Array(old.utf8))
                == HashAnswer(newestRevision: 3, hash: 4, compactRevision: -1, hashRevision: 0))
        #expect(HashAnswer(json: Array("[]".utf8)) == nil)
        #expect(HashAnswer(json: Array(#"{"hash":-1}"#.utf8)) == nil)
        #expect(HashQuestion(json: Array(#"{"revision":5}"#.utf8)) == HashQuestion(revision: 5))
        #expect(HashQuestion(json: Array("{}".utf8)) == HashQuestion(revision: 0))
        #expect(HashQuestion(json: []) == nil)
    }
}
