import EtcdAPI
import Judges
import Lease
import Raft
import Stages
import StateMachine

/// Leases: what only a leader can do, and those who ask it.
///
/// What the leader does are the values of the server (`LeaderRenewal`, `LeaseQuestion`); each of
/// their steps is an event here.
extension Simulation {
    /// A renewal begins at the leader that the request ends up with.
    func renew(_ lease: LeaseID, _ number: CallNumber, _ member: SimulatedMember) {
        guard let leader = reachedLeader(from: member), let term = LedTerm(leader.status.replica)
        else { return refuse(number) }
        let deadline = leader.milliseconds + leader.settings.requestTimeoutMilliseconds
        let renewal = LeaderRenewal(lease, in: term, deadline: deadline)
        begin(number, .renewal(renewal), .look, leader)
    }

    /// Tells how long a lease lives, and what hangs on it.
    func report(_ lease: LeaseID, _ number: CallNumber, _ member: SimulatedMember) {
        guard let leader = reachedLeader(from: member), let term = LedTerm(leader.status.replica)
        else { return refuse(number) }
        let question = LeaseQuestion<SimulationFailure?>(lease, in: term)
        begin(number, .question(question), question.first.map { .reported($0) }, leader)
    }

    private func begin(
        _ number: CallNumber, _ work: LeaseCall.Work, _ first: LeaseStep<CallAnswer>,
        _ leader: SimulatedMember
    ) {
        leader.openCalls.insert(number)
        clients.leaseCalls[number] = LeaseCall(
            work: work, host: leader.host.number, run: leader.run, next: first)
        carryOut(number)
    }

    /// Carries out the next step of a call.
    func carryOut(_ number: CallNumber) {
        guard let call = clients.leaseCalls[number],
            let leader = hosts[call.host].member(ofRun: call.run)
        else { return }
        guard leader.host.pausedUntil <= now else {
            return schedule(.lease(number), after: leader.host.pausedUntil - now)
        }
        switch call.next {
        case .look: leader.look(for: number, call)
        case .awaitCommitted: awaitCommitted(number, leader)
        case .takeBackCheckpoint:
            report.count(.checkpointsTakenBack)
            leader.takeBack(call.lease, for: number)
        case .pause(let milliseconds):
            report.count(.endingsAwaited)
            clients.leaseCalls[number]?.next = .look
            schedule(.lease(number), after: milliseconds * .millisecond)
        case .confirm: confirm(number, call, leader)
        case .done(let answer): tellOutcome(number, call, answer, leader)
        }
    }

    /// Looks whether what was committed is applied by now.
    private func awaitCommitted(_ number: CallNumber, _ leader: SimulatedMember) {
        let milliseconds = leader.milliseconds
        var wait = clients.leaseCalls[number]?.wait
        if wait == nil, case .renewal = clients.leaseCalls[number]?.work {
            report.count(.unknownLeasesAwaited)
        }
        let waiting = wait ?? CommittedWait(leader.status.replica, now: milliseconds)
        do throws(EtcdError) {
            wait = waiting
            if try waiting.isOver(applied: leader.status.applied, now: milliseconds) {
                wait = nil
                clients.leaseCalls[number]?.next = .look
            } else {
                report.count(.leasesAwaitEntries)
            }
        } catch {
            clients.leaseCalls[number]?.next = .done(.failed(error))
        }
        clients.leaseCalls[number]?.wait = wait
        schedule(.lease(number), after: wait == nil ? .microsecond : .millisecond)
    }

    private func confirm(_ number: CallNumber, _ call: LeaseCall, _ leader: SimulatedMember) {
        let isBelieved: Bool =
            switch call.work {
            case .renewal: mutant == .renewsUnconfirmed
            case .question: mutant == .tellsLivesUnconfirmed
            }
        guard isBelieved else { return leader.read(for: number) }
        hearOfLease(number, Reply(token: 0, value: .readable, term: call.term.rawValue))
    }

    private func tellOutcome(
        _ number: CallNumber, _ call: LeaseCall, _ answer: LeaseOutcome<CallAnswer>,
        _ leader: SimulatedMember
    ) {
        clients.leaseCalls[number] = nil
        leader.openCalls.remove(number)
        switch answer {
        case .told(let told): self.answer(number, told)
        case .noSuchLease: self.answer(number, .noLease(call.finding))
        case .notLeading, .failed: refuse(number)
        }
    }

    /// What a call waited for is answered: its read, or the checkpoint that it took back.
    ///
    /// - Returns: whether it is a call about leases.
    @discardableResult
    func hearOfLease(_ number: CallNumber, _ reply: Reply) -> Bool {
        if hearOfBatch(number, reply) { return true }
        guard var call = clients.leaseCalls[number] else { return false }
        hosts[call.host].member(ofRun: call.run)?.openCalls.insert(number)
        switch reply.value {
        case .applied: call.next = .look
        case .failed(let error): call.next = .done(.failed(error))
        case .readable:
            call.confirmed(by: reply)
            if case .done(.notLeading) = call.next { report.count(.unconfirmedAnswers) }
        }
        clients.leaseCalls[number] = call
        goOn(number)
        return true
    }

    /// Has a call go on a little later.
    func goOn(_ number: CallNumber) {
        schedule(.lease(number), after: timing.duration(5 * .microsecond...200 * .microsecond))
    }

    private func refuse(_ number: CallNumber) {
        schedule(.answer(number, .refused), after: .millisecond)
    }

    /// The leader that a request ends up with, when it comes to a member.
    private func reachedLeader(from member: SimulatedMember) -> SimulatedMember? {
        guard member.standing.role != .leader else { return member }
        guard let leader = member.standing.leader.flatMap({ host(of: $0)?.member }),
            leader.standing.role == .leader, leader.host.pausedUntil <= now,
            !network.isCut(from: member.host.number, to: leader.host.number)
        else { return nil }
        return leader
    }
}

/// Room.
extension Simulation {
    /// Where too much waits to be applied somebody ends a lease: that makes room, and some members
    /// take it before anything else.
    func revokeAnything(at host: Host) {
        guard isStormy, !clients.leases.isEmpty, clientDice.happens(800_000) else { return }
        let lease = clients.leases[clientDice.number(below: clients.leases.count)]
        begin(.revoke(lease: lease), client: -1, at: host.number)
    }
}
