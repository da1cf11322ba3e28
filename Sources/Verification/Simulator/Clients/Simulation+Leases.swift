import EtcdAPI
import Checkers
import Lease
import MonotonicClock
import Raft
import Stages
import StateMachine

/// Leases: the work of a leader, and the members that forward to it.
///
/// A leader uses the values of the server (`LeaderRenewal`, `LeaseQuery`); each of their steps is
/// an event here.
extension Simulation {
    /// A renewal begins at the leader that the request reaches.
    func renew(_ request: RenewalRequest, _ number: CallNumber, _ member: SimulatedMember) {
        guard let leader = reachedLeader(from: member), let term = LeaderTerm(leader.status.replica)
        else { return refuse(number) }
        let deadline = leader.clockTime + leader.configuration.requestTimeout
        let renewal = LeaderRenewal(request, in: term, deadline: deadline)
        begin(number, .renewal(renewal), .inspect, leader)
    }

    /// A time-to-live request begins at the leader that it reaches.
    func reportTimeToLive(_ lease: LeaseID, _ number: CallNumber, _ member: SimulatedMember) {
        guard let leader = reachedLeader(from: member), let term = LeaderTerm(leader.status.replica)
        else { return refuse(number) }
        let query = LeaseQuery<SimulationFailure?>(lease, in: term)
        begin(number, .query(query), query.first.map { .reported($0) }, leader)
    }

    private func begin(
        _ number: CallNumber, _ work: LeaseCall.Work, _ first: LeaseStep<CallResponse>,
        _ leader: SimulatedMember
    ) {
        leader.openCalls.insert(number)
        clients.leaseCalls[number] = LeaseCall(
            work: work, host: leader.host.number, run: leader.run, next: first)
        performLeaseStep(number)
    }

    /// Performs the next step of a call.
    func performLeaseStep(_ number: CallNumber) {
        guard let call = clients.leaseCalls[number],
            let leader = hosts[call.host].member(ofRun: call.run)
        else { return }
        guard leader.host.pausedUntil <= now else {
            return schedule(.leaseStep(number), after: leader.host.pausedUntil - now)
        }
        switch call.next {
        case .inspect: leader.inspect(for: number, call)
        case .awaitCommitted: awaitCommitted(number, leader)
        case .clearCheckpoint:
            report.count(.checkpointsCleared)
            leader.clearCheckpoint(of: call.lease, for: number)
        case .pause(let time):
            report.count(.revocationsAwaited)
            clients.leaseCalls[number]?.next = .inspect
            schedule(.leaseStep(number), after: time)
        case .confirm: confirm(number, call, leader)
        case .done(let response): finishLeaseCall(number, call, response, leader)
        }
    }

    /// Checks whether the entries that were committed are applied.
    private func awaitCommitted(_ number: CallNumber, _ leader: SimulatedMember) {
        let clockTime = leader.clockTime
        var wait = clients.leaseCalls[number]?.wait
        if wait == nil, case .renewal = clients.leaseCalls[number]?.work {
            report.count(.unknownLeasesAwaited)
        }
        let waiting = wait ?? CommittedWait(leader.status.replica, now: clockTime)
        do throws(EtcdError) {
            wait = waiting
            if try waiting.isOver(applied: leader.status.applied, now: clockTime) {
                wait = nil
                clients.leaseCalls[number]?.next = .inspect
            } else {
                report.count(.leaseQueriesAwaitEntries)
            }
        } catch {
            clients.leaseCalls[number]?.next = .done(.failed(error))
        }
        clients.leaseCalls[number]?.wait = wait
        schedule(.leaseStep(number), after: wait == nil ? .microsecond : .millisecond)
    }

    private func confirm(_ number: CallNumber, _ call: LeaseCall, _ leader: SimulatedMember) {
        let skipsConfirmation: Bool =
            switch call.work {
            case .renewal: mutant == .renewsUnconfirmed
            case .query: mutant == .reportsLeasesUnconfirmed
            }
        guard skipsConfirmation else { return leader.read(for: number) }
        completeLeaseCall(number, Completion(token: 0, value: .readable, term: call.term.value))
    }

    private func finishLeaseCall(
        _ number: CallNumber, _ call: LeaseCall, _ response: LeaseQueryResult<CallResponse>,
        _ leader: SimulatedMember
    ) {
        clients.leaseCalls[number] = nil
        leader.openCalls.remove(number)
        switch response {
        case .value(let value): respond(to: number, value)
        case .noSuchLease: respond(to: number, .noLease(call.finding))
        case .notLeading, .failed: refuse(number)
        }
    }

    /// The request that a call waited for completes: its read, or the checkpoint that it withdrew.
    ///
    /// - Returns: whether it is a call about leases.
    @discardableResult
    func completeLeaseCall(_ number: CallNumber, _ completion: Completion) -> Bool {
        if completeBatch(number, completion) { return true }
        guard var call = clients.leaseCalls[number] else { return false }
        hosts[call.host].member(ofRun: call.run)?.openCalls.insert(number)
        switch completion.value {
        case .applied: call.next = .inspect
        case .failed(let error): call.next = .done(.failed(error))
        case .readable:
            call.confirmed(by: completion)
            if case .done(.notLeading) = call.next { report.count(.unconfirmedLeaseResponses) }
        }
        clients.leaseCalls[number] = call
        scheduleLeaseStep(number)
        return true
    }

    /// Schedules the next step of a call, after a short delay.
    func scheduleLeaseStep(_ number: CallNumber) {
        schedule(.leaseStep(number), after: timing.duration(5 * .microsecond...200 * .microsecond))
    }

    private func refuse(_ number: CallNumber) {
        schedule(.response(number, .refused), after: .millisecond)
    }

    /// The leader that a request reaches through a member.
    private func reachedLeader(from member: SimulatedMember) -> SimulatedMember? {
        guard member.summary.role != .leader else { return member }
        guard let leader = member.summary.leader.flatMap({ host(of: $0)?.member }),
            leader.summary.role == .leader, leader.host.pausedUntil <= now,
            !network.isCut(from: member.host.number, to: leader.host.number)
        else { return nil }
        return leader
    }
}

/// Load at the apply gap.
extension Simulation {
    /// If too much waits to be applied, a client revokes a lease: that frees space, and some
    /// members admit revocations before other requests.
    func revokeRandomLease(at host: Host) {
        guard isFaultPhase, !clients.leases.isEmpty, clientRandom.happens(800_000) else { return }
        let lease = clients.leases[clientRandom.number(below: clients.leases.count)]
        begin(.revoke(lease: lease), client: -1, at: host.number)
    }
}
