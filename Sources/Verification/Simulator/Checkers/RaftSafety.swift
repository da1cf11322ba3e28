import Identifiers
import MonotonicClock
import Raft
import Replica

/// Checks logs and votes of the members (Raft paper, figure 3), at every step.
///
/// - Election safety: one leader in a term; no member votes twice in a term.
/// - Log matching: entries of one index and term are equal, and so are those before them.
/// - Leader completeness: the log of a new leader has all entries committed before.
/// - Durability: an entry is acknowledged, a vote granted or requested, only when that is durable.
final class RaftSafety {
    private struct EntryHash: Equatable {
        let data: UInt64
        let previousTerm: Term
    }

    private struct Position: Hashable {
        let index: LogIndex
        let term: Term
    }

    private struct Ballot: Hashable {
        let voter: MemberID
        let term: Term
    }

    private var leaders: [Term: MemberID] = [:]
    /// Fingerprints of all entries that were written.
    private var entries: [Position: EntryHash] = [:]
    private var votes: [Ballot: MemberID] = [:]
    /// Terms of committed entries, by index - 1; zero where the term is not known yet.
    private var committed: [Term] = []

    var committedIndex: LogIndex { LogIndex(UInt64(committed.count)) }

    /// Checks a member after it processed inputs, before its effects are performed.
    func observe(
        _ member: SimulatedMember, writes: [LogWrite], _ simulation: Simulation
    ) throws {
        for write in writes { try observe(write, member, simulation) }
        let leads = member.seenRole == .leader && member.seenTerm == member.summary.term
        try observeRole(member, simulation)
        if leads { try requireOwnTerm(member) }
        try observeCommit(member)
        try observeQuorum(member, simulation)
        try observeLog(member, simulation)
    }

    /// A leader of others whose log has written nothing for so long must have stepped down.
    private func observeLog(_ member: SimulatedMember, _ simulation: Simulation) throws {
        guard member.summary.role == .leader, let since = member.logWaitsSince,
            simulation.now - max(since, member.leadsSince, member.awakeSince) > Self.silenceMax,
            member.replica.status.confState.voters.count > 1
        else { return }
        throw SimulationFailure(
            "host \(member.host.number) goes on leading, and its log has written nothing for "
                + "\(simulation.now - since)")
    }

    /// How long a leader may go on, and a member campaign, without contact to a quorum: two
    /// election timeouts, on a slow clock with long ticks.
    private static let silenceMax: TimeSpan = 4 * .second

    /// A leader without contact to a quorum steps down, and a member without it does not raise its
    /// term, unless a leader asked it to campaign.
    private func observeQuorum(_ member: SimulatedMember, _ simulation: Simulation) throws {
        let role = member.summary.role
        if role == .follower || role == .leader { member.isAskedToCampaign = false }
        guard role == .leader || (role == .candidate && !member.isAskedToCampaign),
            simulation.now - max(member.leadsSince, member.awakeSince) > Self.silenceMax
        else { return }
        let voters = member.replica.status.confState.voters.filter { $0 != member.id }
        let heard = voters.filter { voter in
            guard let host = simulation.host(of: voter),
                let time = member.heardAt[host.number]
            else { return false }
            return simulation.now - time <= Self.silenceMax
        }
        guard heard.count + 1 < (voters.count + 1) / 2 + 1 else { return }
        let what = role == .leader ? "goes on leading" : "raises its term"
        throw SimulationFailure(
            "host \(member.host.number) \(what) although it has heard \(heard.count) of "
                + "\(voters.count) other voters")
    }

    func observe(started member: SimulatedMember) throws {
        member.seenCommit = .zero
        try observeCommit(member)
    }

    private func observe(
        _ write: LogWrite, _ member: SimulatedMember, _ simulation: Simulation
    ) throws {
        if let snapshot = write.snapshot {
            if member.seenLast > snapshot.index { simulation.report.count(.snapshotsOverLog) }
            member.seenLast = snapshot.index
        }
        guard let first = write.entries.first else { return }
        if first.index <= member.seenLast { simulation.report.count(.truncations) }
        member.seenLast = member.replica.lastIndex
        var previous = member.replica.term(at: first.index.previous)
        for entry in write.entries {
            defer { previous = entry.term }
            guard let previousTerm = previous else { continue }
            let hash = EntryHash(data: fingerprint(of: entry.data), previousTerm: previousTerm)
            let position = Position(index: entry.index, term: entry.term)
            guard let known = entries.updateValue(hash, forKey: position), known != hash else {
                continue
            }
            throw SimulationFailure(
                "log matching: entry \(position.index) of term \(position.term) of host "
                    + "\(member.host.number) differs from that of another member")
        }
    }

    private func observeRole(_ member: SimulatedMember, _ simulation: Simulation) throws {
        let (role, term) = (member.summary.role, member.summary.term)
        defer { (member.seenRole, member.seenTerm) = (role, term) }
        guard role != member.seenRole || term != member.seenTerm else { return }
        if member.seenRole == .leader, role == .follower,
            member.host.logHangsUntil > simulation.now
        {
            simulation.report.count(.hungLeadersReplaced)
        }
        if member.seenRole == .leader, role == .follower, term == member.seenTerm {
            simulation.report.count(.leadersWithoutQuorum)
        }
        if role == .candidate {
            if member.isAskedToCampaign { simulation.report.count(.transferElections) }
            simulation.report.count(.elections)
            if !member.replica.status.confState.votersOutgoing.isEmpty {
                simulation.report.count(.jointElections)
            }
        }
        guard role == .leader else { return }
        member.leadsSince = simulation.now
        simulation.printTrace("host \(member.host.number) leads term \(term)")
        simulation.report.count(.leaderChanges)
        if let other = leaders.updateValue(member.id, forKey: term),
            other != member.id
        {
            throw SimulationFailure("election safety: two leaders in term \(term)")
        }
        try requireComplete(member)
    }

    private func requireComplete(_ member: SimulatedMember) throws {
        let replica = member.replica
        for (offset, term) in committed.enumerated() where term != .zero {
            let index = LogIndex(UInt64(offset) + 1)
            guard index >= replica.firstIndex else { continue }
            guard term <= replica.term, replica.term(at: index) != term else {
                continue
            }
            throw SimulationFailure(
                "leader completeness: the leader of term \(replica.term) on host "
                    + "\(member.host.number) lacks committed entry \(index)")
        }
    }

    /// A leader commits only up to an entry of its own term (section 5.4.2).
    private func requireOwnTerm(_ member: SimulatedMember) throws {
        let index = member.summary.committedIndex
        guard member.summary.role == .leader, index > member.seenCommit,
            let term = member.replica.term(at: index), term != member.summary.term
        else { return }
        throw SimulationFailure(
            "the leader of term \(member.summary.term) on host \(member.host.number) "
                + "commits entry \(index) of term \(term) by itself")
    }

    private func observeCommit(_ member: SimulatedMember) throws {
        let index = member.summary.committedIndex
        guard index > member.seenCommit else {
            guard index == member.seenCommit else {
                throw SimulationFailure("a commit index goes back on host \(member.host.number)")
            }
            return
        }
        var position = member.seenCommit
        member.seenCommit = index
        while position < index {
            position = position.next
            guard let term = member.replica.term(at: position) else { continue }
            try record(committed: position, term, member)
        }
    }

    private func record(committed index: LogIndex, _ term: Term, _ member: SimulatedMember) throws {
        while committedIndex < index { committed.append(.zero) }
        let offset = index - LogIndex(1)
        if committed[offset] == .zero { committed[offset] = term }
        guard committed[offset] == term else {
            throw SimulationFailure(
                "state-machine safety: entry \(index) is committed with terms "
                    + "\(committed[offset]) and \(term), the latter on host \(member.host.number)")
        }
    }

    /// Checks what a member promises to others.
    func observe(sending message: Message, by member: SimulatedMember) throws {
        switch message.type {
        case .vote: try record(vote: member.id, in: message.term, by: member)
        case .voteResponse where !message.isRejected:
            try record(vote: message.to, in: message.term, by: member)
        case .appendResponse where !message.isRejected:
            let durable = member.host.durable
            // Entries that a later leader's entries replaced within the same synchronization are
            // acknowledged to the former leader, as by a delayed message.
            let isOfThePast = message.term < durable.term
            guard isOfThePast || message.index <= durable.lastIndex else {
                throw SimulationFailure(
                    "host \(member.host.number) acknowledges entry \(message.index), "
                        + "its log is durable to \(durable.lastIndex)")
            }
        default: return
        }
    }

    private func record(
        vote candidate: MemberID, in term: Term, by member: SimulatedMember
    ) throws {
        let ballot = Ballot(voter: member.id, term: term)
        let former = votes.updateValue(candidate, forKey: ballot)
        guard former == nil || former == candidate else {
            throw SimulationFailure(
                "host \(member.host.number) votes twice in term \(term)")
        }
        let durable = member.host.durable
        guard
            durable.term > term
                || (durable.term == term && durable.vote == candidate)
        else {
            throw SimulationFailure(
                "host \(member.host.number) reports a vote in term \(term) "
                    + "that is not durable")
        }
    }
}
