import Configuration
import Bolt
import Identifiers
import InitialMembers
import Membership
import Raft
import MemberRuntime
import StateMachine
import WriteAheadLog

/// A member that joins a running cluster after it was added there (`member add`).
extension MemberBootstrap {
    func checkJoin(_ cluster: InitialCluster) throws {
        _ = try cluster.member(named: configuration.name)
        try cluster.requireDistinctURLs()
        if !configuration.discovery.endpoints.isEmpty {
            throw BootstrapError(
                "discovery URL should not be set when joining existing initial cluster")
        }
    }

    /// Starts with an empty log: the leader sends its entries, or a snapshot first.
    func joinExistingCluster(
        _ cluster: InitialCluster, _ bolt: Bolt, _ snapshots: SnapshotStore
    ) async throws -> StartingMember {
        let remote: RemoteCluster
        do {
            remote = try await remoteCluster(
                at: cluster.peerURLs(except: configuration.name), timeout: .seconds(10),
                logsFailures: true)
        } catch let error as BootstrapError {
            throw BootstrapError("cannot fetch cluster info from peer urls: \(error)")
        }
        let members = try await matched(cluster, with: remote)
        let local = try members.named(configuration.name)
        guard try await isCompatible(with: members, except: local.id) else {
            throw BootstrapError("incompatible with current running cluster")
        }
        try requireLearnerLimit(remote.members)
        let state = try makeState(bolt, localID: local.id, clusterID: remote.id)
        let machine = try RaftMachine(raftConfiguration(local.id), restoring: .empty)
        let log = try createLog(localID: local.id, clusterID: remote.id)
        let parts = RuntimeParts(
            replica: replica(machine, id: local.id, snapshotIndex: 0), state: state, log: log,
            snapshots: snapshots)
        return StartingMember(
            parts: parts, clusterID: remote.id, localID: local.id, isNew: true, members: members,
            remotes: remote.members)
    }

    /// The members of the list with the IDs that the running cluster assigned; both must have the
    /// same peer URLs.
    private func matched(
        _ cluster: InitialCluster, with remote: RemoteCluster
    ) async throws -> [Member] {
        let prefix = "error validating peerURLs \(remote.text): "
        guard cluster.members.count == remote.members.count else {
            throw BootstrapError(prefix + "member count is unequal")
        }
        let comparison = PeerURLComparison(logger: logger)
        var unmatched = cluster.members
        var members: [Member] = []
        for existing in remote.members {
            var last = ""
            var match: InitialMember?
            for (index, candidate) in unmatched.enumerated() where match == nil {
                let difference = try await comparison.difference(
                    existing.peerURLs, candidate.peerURLs.map(\.text))
                guard let difference else {
                    match = unmatched.remove(at: index)
                    break
                }
                last = difference
            }
            guard let match else {
                throw BootstrapError(
                    prefix + "PeerURLs: no match found for existing member (\(existing.id), "
                        + "[\(existing.peerURLs.joined(separator: " "))]), "
                        + "last resolver error (\(last))")
            }
            members.append(
                Member(
                    id: existing.id, peerURLs: match.peerURLs.map(\.text),
                    isLearner: existing.isLearner, name: match.name))
        }
        return members
    }
}
