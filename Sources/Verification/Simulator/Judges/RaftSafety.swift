import Raft
import Replica

/// Judges what the members' logs and votes do (Raft paper, figure 3), at every step.
///
/// - Election safety: one leader in a term; nobody votes twice in a term.
/// - Log matching: entries of one index and term are equal, and so are those before them.
/// - Leader completeness: a new leader's log holds all that was committed before.
/// - Promises: an entry is acknowledged, a vote granted or asked for, only when that is durable.
final class RaftSafety {
    private struct Print: Equatable {
        let data: UInt64
        let previousTerm: UInt64
    }

    private struct Position: Hashable {
        let index: UInt64
        let term: UInt64
    }

    private struct Ballot: Hashable {
        let voter: UInt64
        let term: UInt64
    }

    private var leaders: [UInt64: UInt64] = [:]
    /// The latest term that had a leader.
    private var entries: [Position: Print] = [:]
    private var votes: [Ballot: UInt64] = [:]
    /// Terms of committed entries, by index - 1; zero where nobody has told yet.
    private var committed: [UInt64] = []

    var committedIndex: UInt64 { UInt64(committed.count) }

    /// Looks at a member after it took inputs, before its effects are carried out.
    func observe(
        _ member: SimulatedMember, writes: [LogWrite], _ simulation: Simulation
    ) throws {
        for write in writes { try observe(write, member, simulation) }
        let leads = member.seenRole == .leader && member.seenTerm == member.standing.term
        try observeRole(member, simulation)
        if leads { try requireOwnTerm(member) }
        try observeCommit(member)
        try observeQuorum(member, simulation)
        try observeLog(member, simulation)
    }

    /// A leader of others whose log has written nothing for so long does not lead any more.
    private func observeLog(_ member: SimulatedMember, _ simulation: Simulation) throws {
        guard member.standing.role == .leader, let since = member.logWaitsSince,
            simulation.now - max(since, member.leadsSince, member.awakeSince) > Self.silenceMax,
            member.replica.status.confState.voters.count > 1
        else { return }
        throw SimulationFailure(
            "host \(member.host.number) goes on leading, and its log has written nothing for "
                + "\((simulation.now - since) / .millisecond) ms")
    }

    /// How long a leader may go on, and a member campaign, without hearing a quorum: two election
    /// timeouts, on a slow clock with long ticks.
    private static let silenceMax: Nanoseconds = 4 * .second

    /// A leader that hears no quorum steps down, and who hears none does not raise its term, unless
    /// a leader has told it to.
    private func observeQuorum(_ member: SimulatedMember, _ simulation: Simulation) throws {
        let role = member.standing.role
        if role == .follower || role == .leader { member.isToldToCampaign = false }
        guard role == .leader || (role == .candidate && !member.isToldToCampaign),
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
        var previous = member.replica.term(at: first.index.previous)?.rawValue
        for entry in write.entries {
            defer { previous = entry.term.rawValue }
            guard let previousTerm = previous else { continue }
            let print = Print(data: fingerprint(of: entry.data), previousTerm: previousTerm)
            let position = Position(index: entry.index.rawValue, term: entry.term.rawValue)
            guard let known = entries.updateValue(print, forKey: position), known != print else {
                continue
            }
            throw SimulationFailure(
                "log matching: entry \(position.index) of term \(position.term) of host "
                    + "\(member.host.number) differs from that of another member")
        }
    }

    private func observeRole(_ member: SimulatedMember, _ simulation: Simulation) throws {
        let (role, term) = (member.standing.role, member.standing.term)
        defer { (member.seenRole, member.seenTerm) = (role, term) }
        guard role != member.seenRole || term != member.seenTerm else { return }
        if member.seenRole == .leader, role == .follower,
            member.host.logHangsUntil > simulation.now
        {
            simulation.report.count(.hungLeadersReplaced)
        }
        if member.seenRole == .leader, role == .follower, term == member.seenTerm {
            simulation.report.count(.leadersUnheard)
        }
        if role == .candidate {
            if member.isToldToCampaign { simulation.report.count(.transferElections) }
            simulation.report.count(.elections)
            if !member.replica.status.confState.votersOutgoing.isEmpty {
                simulation.report.count(.jointElections)
            }
        }
        guard role == .leader else { return }
        member.leadsSince = simulation.now
        simulation.tell("host \(member.host.number) leads term \(term.rawValue)")
        simulation.report.count(.leaderChanges)
        if let other = leaders.updateValue(member.id.rawValue, forKey: term.rawValue),
            other != member.id.rawValue
        {
            throw SimulationFailure("election safety: two leaders in term \(term.rawValue)")
        }
        try requireComplete(member)
    }

    private func requireComplete(_ member: SimulatedMember) throws {
        let replica = member.replica
        for (place, term) in committed.enumerated() where term != 0 {
            let index = LogIndex(UInt64(place) + 1)
            guard index >= replica.firstIndex else { continue }
            guard term <= replica.term.rawValue, replica.term(at: index)?.rawValue != term else {
                continue
            }
            throw SimulationFailure(
                "leader completeness: the leader of term \(replica.term.rawValue) on host "
                    + "\(member.host.number) lacks committed entry \(index.rawValue)")
        }
    }

    /// A leader commits along with an entry of its own term only (section 5.4.2).
    private func requireOwnTerm(_ member: SimulatedMember) throws {
        let index = member.standing.committedIndex
        guard member.standing.role == .leader, index > member.seenCommit,
            let term = member.replica.term(at: index), term != member.standing.term
        else { return }
        throw SimulationFailure(
            "the leader of term \(member.standing.term.rawValue) on host \(member.host.number) "
                + "commits entry \(index.rawValue) of term \(term.rawValue) by itself")
    }

    private func observeCommit(_ member: SimulatedMember) throws {
        let index = member.standing.committedIndex
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
            guard let term = member.replica.term(at: position)?.rawValue else { continue }
            try note(committed: position.rawValue, term, member)
        }
    }

    private func note(committed index: UInt64, _ term: UInt64, _ member: SimulatedMember) throws {
        while committed.count < index { committed.append(0) }
        let place = Int(index) - 1
        if committed[place] == 0 { committed[place] = term }
        guard committed[place] == term else {
            throw SimulationFailure(
                "state-machine safety: entry \(index) is committed with terms "
                    + "\(committed[place]) and \(term), the latter on host \(member.host.number)")
        }
    }

    /// Looks at what a member promises to others.
    func observe(sending message: Message, by member: SimulatedMember) throws {
        switch message.type {
        case .vote: try note(vote: member.id, in: message.term, by: member)
        case .voteResponse where !message.isRejected:
            try note(vote: message.to, in: message.term, by: member)
        case .appendResponse where !message.isRejected:
            let durable = member.host.durable
            // What one synchronization made durable and a later leader's entries replaced is
            // acknowledged as by a message that was long on its way: to a leader of the past.
            let isOfThePast = message.term.rawValue < durable.term
            guard isOfThePast || message.index.rawValue <= durable.lastIndex else {
                throw SimulationFailure(
                    "host \(member.host.number) acknowledges entry \(message.index.rawValue), "
                        + "its log is durable to \(durable.lastIndex)")
            }
        default: return
        }
    }

    private func note(
        vote candidate: MemberID, in term: Term, by member: SimulatedMember
    ) throws {
        let ballot = Ballot(voter: member.id.rawValue, term: term.rawValue)
        let former = votes.updateValue(candidate.rawValue, forKey: ballot)
        guard former == nil || former == candidate.rawValue else {
            throw SimulationFailure(
                "host \(member.host.number) votes twice in term \(term.rawValue)")
        }
        let durable = member.host.durable
        guard
            durable.term > term.rawValue
                || (durable.term == term.rawValue && durable.vote == candidate.rawValue)
        else {
            throw SimulationFailure(
                "host \(member.host.number) tells of a vote in term \(term.rawValue) "
                    + "that is not durable")
        }
    }
}
