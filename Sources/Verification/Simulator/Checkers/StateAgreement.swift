import EtcdAPI
import Identifiers
import Linearizability
import MVCC
import Membership
import Raft
import StateMachine

/// Checks what members apply and store.
///
/// - State-machine safety: the same entry is applied at an index everywhere, to the same revision.
/// - The applied index in a database belongs to the data in it.
/// - Hashes of one revision and compaction are equal, at any time and on any member.
final class StateAgreement {
    private struct Applied {
        let term: Term
        let data: UInt64
        let revision: Revision
        /// Why the request was refused. A full database is a matter of one member: there the request
        /// is executed all the same.
        let refusal: EtcdError?
        let cluster: Cluster
    }

    /// The replicated state besides the keys.
    private struct Cluster: Equatable {
        let version: SemanticVersion?
        let downgrade: ClusterMembership.Downgrade
        let storageVersion: SemanticVersion?
        let confState: RaftConfState
        let alarms: [Alarm]
        /// A fingerprint of users, roles, and whether authentication is enabled.
        let users: UInt64

        init(_ member: SimulatedMember) {
            let state = member.state
            version = state.membership.version
            downgrade = state.membership.downgrade
            storageVersion = state.storageVersion
            confState = state.confState
            alarms = state.alarms.list(.none)
            users = member.usersFingerprint()
        }
    }

    private struct HashName: Hashable {
        let revision: Revision
        let compaction: Revision
        /// Where a deletion leaves nothing, the hash of a compaction differs from a requested one,
        /// as in etcd: the former keeps the deletion, the latter finds nothing and counts the kept
        /// records.
        let isOfCompaction: Bool
    }

    private var applied: [LogIndex: Applied] = [:]
    private var hashes: [HashName: (hash: UInt32, host: Int)] = [:]
    private(set) var newestRevision: Revision = 1
    private(set) var newestIndex: LogIndex = .zero

    /// Checks an entry that a member has applied.
    func observe(
        _ result: AppliedEntry, _ entry: Entry, _ member: SimulatedMember,
        _ simulation: Simulation
    ) throws {
        let index = entry.index
        let revision = member.state.store.newestRevision
        let hash = fingerprint(of: entry.data)
        let cluster = Cluster(member)
        let refusal = result.isAppliedDespiteNoSpace ? nil : result.refusal
        guard let known = applied[index] else {
            applied[index] = Applied(
                term: entry.term, data: hash, revision: revision, refusal: refusal,
                cluster: cluster)
            newestIndex = max(newestIndex, index)
            newestRevision = max(newestRevision, revision)
            simulation.trace.add(index.rawValue)
            simulation.trace.add(hash)
            simulation.trace.add(revision.rawValue)
            return
        }
        guard known.term == entry.term, known.data == hash else {
            throw SimulationFailure(
                "state-machine safety: host \(member.host.number) applies another entry at "
                    + "\(index) than the first member did")
        }
        guard known.cluster == cluster else {
            throw SimulationFailure(
                "after entry \(index) host \(member.host.number) has \(cluster), the first member "
                    + "had \(known.cluster)")
        }
        guard known.refusal == refusal else {
            throw SimulationFailure(
                "host \(member.host.number) refuses entry \(index) with "
                    + "\(refusal.map { "\($0)" } ?? "nothing"), the first member with "
                    + (known.refusal.map { "\($0)" } ?? "nothing"))
        }
        guard known.revision == revision else {
            throw SimulationFailure(
                "host \(member.host.number) is at revision \(revision) after entry \(index), "
                    + "the first member was at \(known.revision)")
        }
    }

    /// Checks a state that a member restored from its disk.
    func observe(restarted state: StateMachine, _ host: Host, _ record: ClusterRecord) throws {
        try require(state.appliedIndex, state.store.revisions.current, host)
        try record.require(state, of: host)
    }

    /// Checks a state that was installed from a snapshot.
    func observe(installed member: SimulatedMember) throws {
        let state = member.state
        try require(state.appliedIndex, state.store.revisions.current, member.host)
        try member.simulation.record.require(state, of: member.host)
    }

    private func require(_ index: LogIndex, _ revision: Revision, _ host: Host) throws {
        guard index > 0, let known = applied[index], known.revision != revision else { return }
        throw SimulationFailure(
            "the database of host \(host.number) names entry \(index) and is at revision "
                + "\(revision), which the entry left at \(known.revision)")
    }

    /// Compares a member's hash with the hashes of others.
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
