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
        clients.renewals[number] = (seconds, leader.replica.term.rawValue)
        leader.post(.read(number))
    }

    /// The leader that a request ends up with, when it comes to a member.
    private func reachedLeader(from member: SimulatedMember) -> SimulatedMember? {
        guard member.replica.role != .leader else { return member }
        guard let leader = member.replica.leader.flatMap({ host(of: $0)?.member }),
            leader.replica.role == .leader, leader.host.pausedUntil <= now,
            !network.isCut(from: member.host.number, to: leader.host.number)
        else { return nil }
        return leader
    }

    /// Tells how long a lease lives, and what hangs on it. As in etcd a leader that was deposed and
    /// does not know may tell of a time that its successor has prolonged.
    func report(_ lease: Int64, _ number: CallNumber, _ member: SimulatedMember) throws {
        guard let leader = reachedLeader(from: member), leader.state.lessor.isPrimary,
            !leader.isInstalling,
            leader.progress.index >= leader.replica.committedIndex.rawValue
        else { return schedule(.answer(number, .refused), after: .millisecond) }
        report.count(.leaseReports)
        try record.require(
            leader.report(of: lease), of: lease, by: leader,
            isCertain: leader.replica.term.rawValue == safety.latestLedTerm)
        schedule(.answer(number, .reported), after: .millisecond)
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
