import EtcdAPI
import Checkers
import Identifiers
import Linearizability
import MonotonicClock
import MVCC
import Raft

/// Periodic checks, and those at the end.
extension Simulation {
    /// Hashes the store of every member at revisions that all of them have: the newest, a random
    /// one before it, and that of the last compaction.
    func compareHashes() throws {
        schedule(.compareHashes, after: 4 * .second)
        let members = hosts.compactMap(\.member).filter { !$0.isInstalling }
        let newest = members.map { $0.state.store.revisions.current }.min() ?? 1
        let oldest = max(members.map { $0.state.store.revisions.compacted }.max() ?? 1, 1)
        let drawn = oldest + checkRandom.number(below: max(newest - oldest, 0) + 1)
        for member in members {
            try requireOneMembership(member)
            try attempt(member.host) {
                for revision in Set([newest, drawn, oldest]).sorted() where revision <= newest {
                    try compareHash(of: member, at: revision)
                }
            }
            guard member.host.member === member else { continue }
            for hash in member.state.store.compactionHashes {
                report.count(.compactionHashes)
                try states.compare(hash, isOfCompaction: true, of: member.host)
                try record.require(hash, isOfCompaction: true, of: member.host)
            }
        }
    }

    /// Requires that the consensus machine and the state have the same voters, once the former
    /// knows what the latter has applied.
    private func requireOneMembership(_ member: SimulatedMember) throws {
        // While a snapshot is being installed, only one of them has changed.
        guard member.summary.committedIndex == member.applied,
            member.consensusQueue.items.isEmpty, !member.isInstalling,
            member.replica.status.applied == member.applied
        else { return }
        let known = member.replica.status.confState
        let voters = member.state.membership.members.filter { !$0.isLearner }.map(\.id)
        guard known.voters != voters.sorted() else { return }
        throw SimulationFailure(
            "host \(member.host.number): the consensus machine counts on "
                + "\(known.voters), members are \(voters)")
    }

    private func compareHash(of member: SimulatedMember, at revision: Revision) throws {
        let store = member.state.store
        let isShifted = mutant == .hashesTooFew && revision > max(store.revisions.compacted, 1)
        var hash: KeyValueHash
        do throws(ReadError) {
            hash = try store.hashKV(at: isShifted ? revision.previous : revision).hash
        } catch {
            guard case .refused = error else { throw error }
            return
        }
        hash.revision = revision
        report.count(.hashesCompared)
        // A hash that a compaction made takes the compaction before it into account.
        let isOfCompaction = hash.compactRevision != store.revisions.compacted
        try states.compare(hash, isOfCompaction: isOfCompaction, of: member.host)
        try record.require(hash, isOfCompaction: isOfCompaction, of: member.host)
    }

    /// Checks the run once faults have ended for long enough.
    ///
    /// - Parameter due: the newest revision whose events every watcher must have received.
    func checkRun(eventsDueThrough due: Revision) throws {
        if isStuckByRemoval { return try checkHistory() }
        try requireProgress()
        try compareHashes()
        try requireAllReceived(through: due)
        do throws(Finding) {
            try record.leases.requireNoneOverdue(at: MonotonicTime(now))
        } catch {
            throw SimulationFailure("\(error)")
        }
        try checkHistory()
    }

    /// Whether no member can lead any more, as in etcd: a membership change takes effect when it is
    /// applied, so of two voters the remaining one needs the other's vote until it has applied the
    /// removal. If the removed one has led meanwhile, and has entries after its own removal, it
    /// cannot grant that vote. So three voters are recommended; responses must be correct here too.
    private var isStuckByRemoval: Bool {
        guard !hosts.contains(where: { $0.member?.summary.role == .leader }) else { return false }
        return hosts.contains { removed in
            guard isVoteNeeded(removed), let log = removed.newestEntry else { return false }
            return hosts.allSatisfy { other in
                other === removed || other.newestEntry.map { $0 < log } ?? true
            }
        }
    }

    /// Entries that a member may be behind the leader.
    static let gapMax = 10

    /// How many entries the slowest member that is up has yet to apply; nil without a leader.
    var largestGap: Int? {
        let members = hosts.compactMap(\.member)
        guard let leader = members.first(where: { $0.summary.role == .leader }) else { return nil }
        return administration.present(self).compactMap(\.member).map { member in
            leader.applied > member.applied ? Int(leader.applied - member.applied) : 0
        }.max()
    }

    /// Requires that all members are up, agree on a leader, and have applied the same entries.
    private func requireProgress() throws {
        let members = hosts.compactMap(\.member)
        let present = administration.present(self)
        for host in present where host.member == nil {
            throw SimulationFailure("no progress: host \(host.number) is down; \(leaderView)")
        }
        guard let leader = members.first(where: { $0.summary.role == .leader }) else {
            throw SimulationFailure("no progress: there is no leader")
        }
        for host in present {
            guard let member = host.member else { continue }
            guard member.summary.leader == leader.id else {
                throw SimulationFailure(
                    "no progress: host \(host.number) does not follow the leader")
            }
            guard leader.applied <= member.applied + Self.gapMax else {
                throw SimulationFailure(
                    "no progress: host \(host.number) has applied \(member.applied), "
                        + "the leader \(leader.applied); \(leaderView); \(member.stageDescription)")
            }
        }
        try requireProbesCompleted()
    }

    /// The leader's view of its followers, for a report.
    private var leaderView: String {
        guard let leader = hosts.compactMap(\.member).first(where: { $0.summary.role == .leader })
        else { return "there is no leader" }
        let status = leader.replica.status
        let others = status.members.map { member in
            "host \(hostNumbers[member.id] ?? -1): \(member.replication), match "
                + "\(member.match), next \(member.next), "
                + "\(member.inflightCount) in flight"
        }
        return "host \(leader.host.number) leads, log \(status.firstIndex) to "
            + "\(status.lastIndex), committed \(status.committed); "
            + others.joined(separator: "; ")
    }

    private func checkHistory() throws {
        var history = StoreHistory(clients.history)
        var verdict = history.checkByRevision(stepsMax: 50_000)
        if case .undecided = verdict {
            // Too many pending calls to search for those that took effect; the applied entries show
            // it.
            history = StoreHistory(clients.resolvedHistory(record))
            verdict = history.checkByRevision()
        }
        guard verdict == .linearizable else {
            throw SimulationFailure(history.describe(verdict))
        }
    }
}
