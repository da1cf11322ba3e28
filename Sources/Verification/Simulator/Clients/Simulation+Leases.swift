import EtcdAPI
import Judges
import Lease
import Raft
import Stages
import StateMachine

/// Leases: what only a leader can do, and those who ask it.
///
/// The clocks of leases belong to the apply stage, which is handed work on them as the server's
/// services hand it.
extension Simulation {
    /// A leader renews a lease, and asks a quorum whether it still leads before it says so; any
    /// other member hands the request on to the leader.
    func renew(_ lease: Int64, _ number: CallNumber, _ member: SimulatedMember) {
        guard let leader = reachedLeader(from: member) else {
            return schedule(.answer(number, .refused), after: .millisecond)
        }
        let term = leader.status.term
        let asked = Confined(leader)
        leader.openCalls.insert(number)
        let work: StateWork = { state in
            asked.value.renew(LeaseID(rawValue: lease), state, number, term)
        }
        leader.post(.work(work, isBrief: true))
    }

    /// Tells how long a lease lives, and what hangs on it.
    func report(_ lease: Int64, _ number: CallNumber, _ member: SimulatedMember) {
        guard let leader = reachedLeader(from: member),
            leader.status.applied >= leader.standing.committedIndex.rawValue
        else { return schedule(.answer(number, .refused), after: .millisecond) }
        let term = leader.status.term
        let asked = Confined(leader)
        leader.openCalls.insert(number)
        let work: StateWork = { state in
            asked.value.report(LeaseID(rawValue: lease), state, number, term)
        }
        leader.post(.work(work, isBrief: false))
    }

    /// An answer of a leader counts once a quorum confirms that it led when it gave it.
    func confirm(_ number: CallNumber) {
        guard let given = clients.unconfirmed[number] else { return }
        guard let leader = hosts[given.host].member(ofRun: given.run) else {
            clients.unconfirmed[number] = nil
            return loseCall(number)
        }
        leader.openCalls.remove(number)
        leader.read(for: number)
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

/// In a turn of the apply stage.
extension SimulatedMember {
    fileprivate func renew(
        _ lease: LeaseID, _ state: StateMachine, _ number: CallNumber, _ term: UInt64
    ) {
        guard state.lessor.isPrimary, !isInstalling else { return refuse(number) }
        if simulation.mutant == .ignoresRenewals, let known = state.lessor[lease] {
            return tell(.renewed(known.grantedSeconds), number, term, isConfirmed: false)
        }
        switch state.lessor.renew(lease, now: state.now) {
        case .renewed(let seconds):
            simulation.record.leases.restarted(lease.rawValue, at: simulation.now)
            tell(
                .renewed(seconds), number, term,
                isConfirmed: simulation.mutant == .renewsUnconfirmed)
        case .checkpointed:
            simulation.report.count(.checkpointsTakenBack)
            let undone = LeaseCheckpoint(id: lease, remainingSeconds: 0)
            consensusQueue.add(.own(admission.checkpoint(of: [undone])), isQuiet: true)
            refuse(number)
        case .notFound, .expiring: refuse(number)
        }
    }

    fileprivate func report(
        _ lease: LeaseID, _ state: StateMachine, _ number: CallNumber, _ term: UInt64
    ) {
        guard state.lessor.isPrimary, !isInstalling else { return refuse(number) }
        var failure: SimulationFailure?
        do {
            try judgeApplied()
            try simulation.record.require(report(of: lease, state), of: lease.rawValue, by: self)
        } catch let finding as SimulationFailure {
            failure = finding
        } catch {
            fail(error)
        }
        tell(
            .reported(failure), number, term,
            isConfirmed: simulation.mutant == .tellsLivesUnconfirmed)
    }

    private func report(of lease: LeaseID, _ state: StateMachine) -> LeaseReport? {
        guard let known = state.lessor[lease] else { return nil }
        let remaining = known.remainingSeconds(at: state.now)
        return LeaseReport(
            grantedSeconds: known.grantedSeconds,
            remainingSeconds: simulation.mutant == .tellsShortLives ? remaining / 2 : remaining,
            keys: known.sortedKeys.map { String(decoding: $0, as: UTF8.self) })
    }

    private func tell(
        _ answer: CallAnswer, _ number: CallNumber, _ term: UInt64, isConfirmed: Bool
    ) {
        let delay = simulation.timing.duration(5 * .microsecond...200 * .microsecond)
        guard !isConfirmed else {
            openCalls.remove(number)
            return simulation.schedule(.answer(number, answer), after: delay)
        }
        simulation.clients.unconfirmed[number] = UnconfirmedAnswer(
            answer: answer, term: term, host: host.number, run: run)
        simulation.schedule(.confirm(number), after: delay)
    }

    private func refuse(_ number: CallNumber) {
        openCalls.remove(number)
        simulation.schedule(.answer(number, .refused), after: .millisecond)
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
