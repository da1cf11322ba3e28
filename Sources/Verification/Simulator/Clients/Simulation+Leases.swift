import Judges
import Lease
import Raft

/// Leases: what only a leader can do, and those who ask it.
extension Simulation {
    /// A leader renews a lease, and asks a quorum whether it still leads before it says so; any
    /// other member hands the request on to the leader.
    func renew(_ lease: Int64, _ number: CallNumber, _ member: SimulatedMember) {
        let leader = reachedLeader(from: member)
        // The clocks of leases belong to the apply lane.
        if let held = leader?.host.standsStill(.apply), held > now {
            return schedule(.request(number), after: held - now)
        }
        guard let leader, let seconds = leader.renew(lease) else {
            return schedule(.answer(number, .refused), after: .millisecond)
        }
        if mutant != .ignoresRenewals { record.leases.restarted(lease, at: now) }
        guard mutant != .renewsUnconfirmed else {
            return schedule(.answer(number, .renewed(seconds)), after: .millisecond)
        }
        confirm(.renewed(seconds), of: number, by: leader)
    }

    /// An answer of a leader counts once a quorum confirms that it led when it gave it.
    private func confirm(
        _ answer: CallAnswer, of number: CallNumber, by leader: SimulatedMember
    ) {
        clients.unconfirmed[number] = (answer, leader.standing.term.rawValue)
        leader.post(.read(number))
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

    /// Tells how long a lease lives, and what hangs on it.
    func report(_ lease: Int64, _ number: CallNumber, _ member: SimulatedMember) {
        guard let leader = reachedLeader(from: member), leader.state.lessor.isPrimary,
            !leader.isInstalling,
            leader.progress.index >= leader.standing.committedIndex.rawValue
        else { return schedule(.answer(number, .refused), after: .millisecond) }
        var failure: SimulationFailure?
        do throws(SimulationFailure) {
            try record.require(leader.report(of: lease), of: lease, by: leader)
        } catch {
            failure = error
        }
        guard mutant != .tellsLivesUnconfirmed else {
            return schedule(.answer(number, .reported(failure)), after: .millisecond)
        }
        confirm(.reported(failure), of: number, by: leader)
    }
}

extension SimulatedMember {
    /// What this member, the leader, knows of a lease; nil when it does not live.
    func report(of lease: Int64) -> LeaseReport? {
        guard let known = state.lessor[LeaseID(rawValue: lease)] else { return nil }
        let remaining = known.remainingSeconds(at: milliseconds)
        return LeaseReport(
            grantedSeconds: known.grantedSeconds,
            remainingSeconds: simulation.mutant == .tellsShortLives ? remaining / 2 : remaining,
            keys: known.sortedKeys.map { String(decoding: $0, as: UTF8.self) })
    }
}
