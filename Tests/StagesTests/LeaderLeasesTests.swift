import EtcdAPI
import Identifiers
import Lease
import MonotonicClock
import Raft
import StateMachine
import TestSupport
import Testing

@testable import Stages

/// The steps of a leader for a request about a lease.
@Suite struct LeaderLeasesTests {
    private let lease = LeaseID(rawValue: 7)
    private let request = RenewalRequest(LeaseID(rawValue: 7), by: .none)

    private func status(_ role: RoleName, term: Term = 3, commit: LogIndex = 0) -> ReplicaStatus {
        var status = ReplicaStatus(id: MemberID(1), now: 0)
        (status.role, status.term, status.commitIndex) = (role, term, commit)
        return status
    }

    private func term() throws -> LeaderTerm { try #require(LeaderTerm(status(.leader))) }

    private func completion(_ value: CompletionValue, term: Term = 3) -> Completion {
        Completion(token: 0, value: value, term: term)
    }

    @Test("Only a leader begins", arguments: [RoleName.follower, .candidate, .leader])
    func onlyALeader(role: RoleName) {
        #expect((LeaderTerm(status(role)) != nil) == (role == .leader))
    }

    /// Results of successive attempts, at times 0, 10, 20, and the steps that follow.
    private static let renewals: [(results: [LeaseRenewal?], steps: [LeaderRenewal.Step])] = [
        ([nil], [.done(.notLeading)]),
        ([.renewed(seconds: 9)], [.confirm]),
        ([.notFound, .notFound], [.awaitCommitted, .confirm]),
        ([.notFound, .renewed(seconds: 9)], [.awaitCommitted, .confirm]),
        ([.checkpointed, .renewed(seconds: 9)], [.clearCheckpoint, .confirm]),
        (
            [.checkpointed, .checkpointed, .checkpointed],
            [.clearCheckpoint, .clearCheckpoint, .done(.failed(.timeout))]
        ),
        (
            [.expiring, .notFound, .notFound],
            [.pause(50), .awaitCommitted, .confirm]
        ),
        (
            [.expiring, .expiring, .expiring],
            [.pause(50), .pause(50), .done(.failed(.timeout))]
        ),
        ([.expiring, nil], [.pause(50), .done(.notLeading)]),
    ]

    @Test("The result of an attempt decides the next step", arguments: renewals.indices)
    func renewalSteps(row: Int) throws {
        let (results, steps) = Self.renewals[row]
        var renewal = LeaderRenewal(request, in: try term(), deadline: 20)
        var taken: [LeaderRenewal.Step] = []
        for (index, result) in results.enumerated() {
            taken.append(
                renewal.handle(
                    result.map { .made($0) } ?? .noClocks,
                    now: MonotonicTime(milliseconds: Int64(index) * 10)))
        }
        #expect(taken == steps)
    }

    @Test("A refusal ends a renewal")
    func refusal() throws {
        var renewal = LeaderRenewal(request, in: try term(), deadline: 20)
        let step = renewal.handle(.refused(.permissionDenied), now: 0)
        #expect(step == .done(.failed(.permissionDenied)))
    }

    @Test("A result counts only if the term lasts")
    func confirmation() throws {
        var renewed = LeaderRenewal(request, in: try term(), deadline: 20)
        _ = renewed.handle(.made(.renewed(seconds: 9)), now: 0)
        var missing = LeaderRenewal(request, in: try term(), deadline: 20)
        _ = missing.handle(.made(.notFound), now: 0)
        _ = missing.handle(.made(.notFound), now: 0)
        #expect(renewed.confirmed(by: completion(.readable)) == .done(.value(9)))
        #expect(missing.confirmed(by: completion(.readable)) == .done(.noSuchLease))
        for renewal in [renewed, missing] {
            #expect(renewal.confirmed(by: completion(.readable, term: 4)) == .done(.notLeading))
            let failed = completion(.failed(.stopped))
            #expect(renewal.confirmed(by: failed) == .done(.failed(.stopped)))
        }
    }

    @Test("A query completes once committed entries are applied and leadership is confirmed")
    func query() throws {
        let results: [(LeaseReading<Int>, LeaseStep<Int>, LeaseStep<Int>?)] = [
            (.noClocks, .done(.notLeading), nil),
            (.nothing, .confirm, .done(.noSuchLease)),
            (.found(4), .confirm, .done(.value(4))),
        ]
        for (status, next, end) in results {
            var query = LeaseQuery<Int>(lease, in: try term())
            #expect(query.first == .awaitCommitted)
            #expect(query.handle(status) == next)
            guard let end else { continue }
            #expect(query.confirmed(by: completion(.readable)) == end)
            #expect(query.confirmed(by: completion(.readable, term: 5)) == .done(.notLeading))
        }
    }

    @Test(
        "Without clocks of the term there is no result, not even that the lease is missing",
        arguments: [nil, 2])
    func withoutClocks(clocksOf: Term?) throws {
        let state = try StageFixture.makeState()
        if let clocksOf {
            state.lessor.promote(inTerm: clocksOf, extraTime: 0, now: 0)
        }
        let renewal = LeaderRenewal(request, in: try term(), deadline: 20)
        let query = LeaseQuery<Int64>(lease, in: try term())
        let batch = PendingRenewals([request, request], in: try term())
        guard case .noClocks = renewal.renew(in: state) else {
            Issue.record("a lease was renewed without clocks")
            return
        }
        let attempt = PendingRenewals.renew(batch.requests, in: state)
        #expect(batch.seconds(of: attempt) == [nil, nil])
        guard case .noClocks = query.inspect(in: state, { $0.remainingSeconds(at: $1) }) else {
            Issue.record("a lease was read without clocks")
            return
        }
    }

    @Test("The wait for committed entries takes at most a second")
    func committed() throws {
        let wait = CommittedWait(status(.leader, commit: 5), now: 100)
        #expect(try !wait.isOver(applied: 4, now: 1_099))
        #expect(try wait.isOver(applied: 5, now: 2_000))
        #expect(throws: EtcdError.timeoutWaitingForAppliedIndex) {
            try wait.isOver(applied: 4, now: 1_100)
        }
    }
}
