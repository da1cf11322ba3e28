import EtcdAPI
import Lease
import Raft
import StateMachine
import Testing

@testable import Stages

/// What a leader does next about a lease.
@Suite struct LeaderLeasesTests {
    private let lease = LeaseID(rawValue: 7)

    private func status(_ role: RoleName, term: UInt64 = 3, commit: UInt64 = 0) -> ReplicaStatus {
        var status = ReplicaStatus(id: MemberID(1), now: 0)
        (status.role, status.term, status.commitIndex) = (role, Term(term), LogIndex(commit))
        return status
    }

    private func term() throws -> LedTerm { try #require(LedTerm(status(.leader))) }

    private func reply(_ value: ReplyValue, term: UInt64 = 3) -> Reply {
        Reply(token: 0, value: value, term: term)
    }

    @Test("Only a leader begins", arguments: [RoleName.follower, .candidate, .leader])
    func onlyALeader(role: RoleName) {
        #expect((LedTerm(status(role)) != nil) == (role == .leader))
    }

    /// What looks give, one after the other, at times 0, 10, 20, and the steps that follow.
    private static let renewals: [(looks: [LeaseRenewal?], steps: [LeaderRenewal.Step])] = [
        ([nil], [.done(.notLeading)]),
        ([.renewed(seconds: 9)], [.confirm]),
        ([.notFound, .notFound], [.awaitCommitted, .confirm]),
        ([.notFound, .renewed(seconds: 9)], [.awaitCommitted, .confirm]),
        ([.checkpointed, .renewed(seconds: 9)], [.takeBackCheckpoint, .confirm]),
        (
            [.checkpointed, .checkpointed, .checkpointed],
            [.takeBackCheckpoint, .takeBackCheckpoint, .done(.failed(.timeout))]
        ),
        (
            [.expiring, .notFound, .notFound],
            [.pause(milliseconds: 50), .awaitCommitted, .confirm]
        ),
        (
            [.expiring, .expiring, .expiring],
            [.pause(milliseconds: 50), .pause(milliseconds: 50), .done(.failed(.timeout))]
        ),
        ([.expiring, nil], [.pause(milliseconds: 50), .done(.notLeading)]),
    ]

    @Test("A look decides what a renewal does next", arguments: renewals.indices)
    func renewalSteps(row: Int) throws {
        let (looks, steps) = Self.renewals[row]
        var renewal = LeaderRenewal(lease, in: try term(), deadline: 20)
        var taken: [LeaderRenewal.Step] = []
        for (turn, found) in looks.enumerated() {
            taken.append(renewal.looked(found, now: Int64(turn) * 10))
        }
        #expect(taken == steps)
    }

    @Test("What was seen counts only if the term lasts")
    func confirmation() throws {
        var renewed = LeaderRenewal(lease, in: try term(), deadline: 20)
        _ = renewed.looked(.renewed(seconds: 9), now: 0)
        var missing = LeaderRenewal(lease, in: try term(), deadline: 20)
        _ = missing.looked(.notFound, now: 0)
        _ = missing.looked(.notFound, now: 0)
        #expect(renewed.confirmed(by: reply(.readable)) == .done(.told(9)))
        #expect(missing.confirmed(by: reply(.readable)) == .done(.noSuchLease))
        for renewal in [renewed, missing] {
            #expect(renewal.confirmed(by: reply(.readable, term: 4)) == .done(.notLeading))
            let failed = reply(.failed(.stopped))
            #expect(renewal.confirmed(by: failed) == .done(.failed(.stopped)))
        }
    }

    @Test("A question is answered once what is committed is applied and the lead confirmed")
    func question() throws {
        let looks: [(LeaseLook<Int>, LeaseStep<Int>, LeaseStep<Int>?)] = [
            (.noClocks, .done(.notLeading), nil),
            (.nothing, .confirm, .done(.noSuchLease)),
            (.found(4), .confirm, .done(.told(4))),
        ]
        for (look, next, end) in looks {
            var question = LeaseQuestion<Int>(lease, in: try term())
            #expect(question.first == .awaitCommitted)
            #expect(question.looked(look) == next)
            guard let end else { continue }
            #expect(question.confirmed(by: reply(.readable)) == end)
            #expect(question.confirmed(by: reply(.readable, term: 5)) == .done(.notLeading))
        }
    }

    @Test(
        "Without clocks of the term nothing is said of a lease, not even that there is none",
        arguments: [nil, 2])
    func withoutClocks(clocksOf: UInt64?) throws {
        let state = try StageFixture.makeState()
        if let clocksOf {
            state.lessor.promote(inTerm: clocksOf, extensionMilliseconds: 0, now: 0)
        }
        let renewal = LeaderRenewal(lease, in: try term(), deadline: 20)
        let question = LeaseQuestion<Int64>(lease, in: try term())
        let gathered = GatheredRenewals([lease, lease], in: try term())
        #expect(renewal.look(at: state) == nil)
        let look = GatheredRenewals.look(for: gathered.ids, at: state)
        #expect(gathered.seconds(of: look) == [nil, nil])
        guard case .noClocks = question.look(at: state, { $0.remainingSeconds(at: $1) }) else {
            Issue.record("it tells of a lease without clocks")
            return
        }
    }

    @Test("What is committed is waited for, for a second")
    func committed() throws {
        let wait = CommittedWait(status(.leader, commit: 5), now: 100)
        #expect(try !wait.isOver(applied: 4, now: 1_099))
        #expect(try wait.isOver(applied: 5, now: 2_000))
        #expect(throws: EtcdError.timeoutWaitingForAppliedIndex) {
            try wait.isOver(applied: 4, now: 1_100)
        }
    }
}
