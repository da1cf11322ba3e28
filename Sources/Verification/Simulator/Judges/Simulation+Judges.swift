import EtcdAPI
import Judges
import Linearizability
import MVCC
import Raft

/// What is looked at now and then, and in the end.
extension Simulation {
    /// Hashes the store of every member at revisions that all of them have: the newest, one before
    /// it, and that of the last compaction.
    func compareHashes() throws {
        schedule(.compareHashes, after: 4 * .second)
        let members = hosts.compactMap(\.member).filter { !$0.isInstalling }
        let newest = members.map { $0.state.store.revisions.current }.min() ?? 1
        let oldest = max(members.map { $0.state.store.revisions.compacted }.max() ?? 1, 1)
        let drawn = oldest + Int64(judgeDice.number(below: Int(max(newest - oldest, 0)) + 1))
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

    /// The consensus machine and the state have the same voters, once the one has heard of what the
    /// other has applied.
    private func requireOneMembership(_ member: SimulatedMember) throws {
        // A snapshot on its way to the disk has changed the one and not yet the other.
        guard member.standing.committedIndex.rawValue == member.applied,
            member.consensusQueue.items.isEmpty, !member.isInstalling,
            member.replica.status.applied.rawValue == member.applied
        else { return }
        let known = member.replica.status.confState
        let voters = member.state.membership.members.filter { !$0.isLearner }.map(\.id.rawValue)
        guard known.voters.map(\.rawValue) != voters.sorted() else { return }
        throw SimulationFailure(
            "host \(member.host.number): the consensus machine counts on "
                + "\(known.voters.map(\.rawValue)), members are \(voters)")
    }

    private func compareHash(of member: SimulatedMember, at revision: Int64) throws {
        let store = member.state.store
        let isShifted = mutant == .hashesTooFew && revision > max(store.revisions.compacted, 1)
        var hash: KeyValueHash
        do throws(ReadError) {
            hash = try store.hashKV(at: isShifted ? revision - 1 : revision).hash
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

    /// Judges the run once faults have ended for long enough.
    ///
    /// - Parameter due: the newest revision whose events every watch must have seen.
    func judge(eventsDueThrough due: Int64) throws {
        if isStuckByRemoval { return try judgeHistory() }
        try requireProgress()
        try compareHashes()
        try requireSeen(through: due)
        do throws(Finding) {
            try record.leases.requireNoneLate(at: now)
        } catch {
            throw SimulationFailure("\(error)")
        }
        try judgeHistory()
    }

    /// Whether nobody can lead any more, as in etcd: members change when the change is applied, so
    /// of two voters the one that stays needs the other's vote until it has applied its removal. One
    /// that has led meanwhile, and has entries behind its own removal, cannot give that vote. So
    /// three voters are recommended; what was answered is right here too.
    private var isStuckByRemoval: Bool {
        guard !hosts.contains(where: { $0.member?.standing.role == .leader }) else { return false }
        return hosts.contains { removed in
            guard isNeeded(removed), let log = removed.newestEntry else { return false }
            return hosts.allSatisfy { other in
                other === removed || other.newestEntry.map { $0 < log } ?? true
            }
        }
    }

    /// All members are up, agree on a leader, and have applied the same entries.
    private func requireProgress() throws {
        let members = hosts.compactMap(\.member)
        let present = administration.present(self)
        for host in present where host.member == nil {
            throw SimulationFailure("no progress: host \(host.number) is down; \(leaderView)")
        }
        guard let leader = members.first(where: { $0.standing.role == .leader }) else {
            throw SimulationFailure("no progress: there is no leader")
        }
        for host in present {
            guard let member = host.member else { continue }
            guard member.standing.leader == leader.id else {
                throw SimulationFailure("no progress: host \(host.number) follows nobody")
            }
            guard member.applied + 10 >= leader.applied else {
                throw SimulationFailure(
                    "no progress: host \(host.number) has applied \(member.applied), "
                        + "the leader \(leader.applied); \(leaderView); \(member.view)")
            }
        }
        try requireAnswers()
    }

    /// What the leader knows of the others, for a report.
    private var leaderView: String {
        guard let leader = hosts.compactMap(\.member).first(where: { $0.standing.role == .leader })
        else { return "nobody leads" }
        let status = leader.replica.status
        let others = status.members.map { member in
            "host \(hostNumbers[member.id.rawValue] ?? -1): \(member.replication), match "
                + "\(member.match.rawValue), next \(member.next.rawValue), "
                + "\(member.inflightCount) in flight"
        }
        return "host \(leader.host.number) leads, log \(status.firstIndex.rawValue) to "
            + "\(status.lastIndex.rawValue), committed \(status.committed.rawValue); "
            + others.joined(separator: "; ")
    }

    private func judgeHistory() throws {
        var history = StoreHistory(clients.history)
        var verdict = history.checkByRevision(stepsMax: 50_000)
        if case .undecided = verdict {
            // Too many calls without an answer to try which of them had an effect; the log tells.
            history = StoreHistory(try clients.disclosed())
            verdict = history.checkByRevision()
        }
        guard verdict == .linearizable else {
            throw SimulationFailure(history.describe(verdict))
        }
    }
}
