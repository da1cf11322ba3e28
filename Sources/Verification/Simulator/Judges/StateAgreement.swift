import EtcdAPI
import Linearizability
import MVCC
import Membership
import Raft
import StateMachine

/// Judges what members apply and hold.
///
/// - State-machine safety: the same entry is applied at an index everywhere, to the same revision.
/// - The applied index that a database names and the data in it belong together.
/// - Hashes of one revision and compaction are equal, at any time and on any member.
final class StateAgreement {
    private struct Applied {
        let term: UInt64
        let data: UInt64
        let revision: Int64
        let cluster: Cluster
    }

    /// What is agreed on beside the keys.
    private struct Cluster: Equatable {
        let version: SemanticVersion?
        let downgrade: ClusterMembership.Downgrade
        let storageVersion: SemanticVersion?
        let confState: RaftConfState
        let alarms: [Alarm]

        init(_ state: StateMachine) {
            version = state.membership.version
            downgrade = state.membership.downgrade
            storageVersion = state.storageVersion
            confState = state.confState
            alarms = state.alarms.list(.none)
        }
    }

    private struct HashName: Hashable {
        let revision: Int64
        let compaction: Int64
        /// Where a deletion leaves nothing a compaction's hash differs from one that was asked for,
        /// as in etcd: the one keeps the deletion, the other finds nothing and counts what was.
        let isOfCompaction: Bool
    }

    private var applied: [UInt64: Applied] = [:]
    private var hashes: [HashName: (hash: UInt32, host: Int)] = [:]
    private(set) var newestRevision: Int64 = 1
    private(set) var newestIndex: UInt64 = 0

    /// Looks at an entry that a member has applied.
    func observe(
        _ outcome: AppliedEntry, _ entry: Entry, _ member: SimulatedMember,
        _ simulation: Simulation
    ) throws {
        let index = entry.index.rawValue
        let revision = member.state.store.newestRevision
        let print = fingerprint(of: entry.data)
        let cluster = Cluster(member.state)
        guard let known = applied[index] else {
            applied[index] = Applied(
                term: entry.term.rawValue, data: print, revision: revision, cluster: cluster)
            newestIndex = max(newestIndex, index)
            newestRevision = max(newestRevision, revision)
            simulation.trace.add(index)
            simulation.trace.add(print)
            simulation.trace.add(revision)
            return
        }
        guard known.term == entry.term.rawValue, known.data == print else {
            throw SimulationFailure(
                "state-machine safety: host \(member.host.number) applies another entry at "
                    + "\(index) than the first member did")
        }
        guard known.cluster == cluster else {
            throw SimulationFailure(
                "after entry \(index) host \(member.host.number) has \(cluster), the first member "
                    + "had \(known.cluster)")
        }
        guard known.revision == revision else {
            throw SimulationFailure(
                "host \(member.host.number) is at revision \(revision) after entry \(index), "
                    + "the first member was at \(known.revision)")
        }
    }

    /// Looks at a state that a member has read from its disk.
    func observe(restarted state: StateMachine, _ host: Host, _ record: ClusterRecord) throws {
        try require(state.appliedIndex, state.store.revisions.current, host)
        try record.require(state, of: host)
    }

    /// Looks at a state that came as a snapshot.
    func observe(installed member: SimulatedMember) throws {
        let state = member.state
        try require(state.appliedIndex, state.store.revisions.current, member.host)
        try member.simulation.record.require(state, of: member.host)
    }

    private func require(_ index: UInt64, _ revision: Int64, _ host: Host) throws {
        guard index > 0, let known = applied[index], known.revision != revision else { return }
        throw SimulationFailure(
            "the database of host \(host.number) names entry \(index) and is at revision "
                + "\(revision), which the entry left at \(known.revision)")
    }

    /// Compares a member's hash with what others had.
    func compare(_ hash: KeyValueHash, isOfCompaction: Bool, of host: Host) throws {
        let name = HashName(
            revision: hash.revision, compaction: hash.compactRevision,
            isOfCompaction: isOfCompaction)
        guard let known = hashes[name] else {
            hashes[name] = (hash.hash, host.number)
            return
        }
        guard known.hash == hash.hash else {
            throw SimulationFailure(
                "hash of revision \(hash.revision) since compaction \(hash.compactRevision): "
                    + "\(known.hash) on host \(known.host), \(hash.hash) on host \(host.number)")
        }
    }
}
