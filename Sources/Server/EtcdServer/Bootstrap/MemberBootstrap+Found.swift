import Bolt
import Disk
import EtcdAPI
import Membership
import Raft
import ReplicaRuntime
import StateMachine
import WriteAheadLog

/// A member that never ran.
extension MemberBootstrap {
    func found(_ bolt: Bolt, _ snapshots: SnapshotStore) throws -> StartingMember {
        try requireUnused(bolt)
        let founders = try founders()
        guard let local = founders.first(where: { $0.name == configuration.name }) else {
            throw BootstrapError("the initial cluster does not name this member")
        }
        let clusterID = ClusterID(founders: founders.map(\.id))
        try createBuckets(bolt)
        let state = try makeState(bolt, localID: local.id, clusterID: clusterID)
        let log = try WriteAheadLog.create(
            disk: disk, directory: directory.log,
            metadata: LogMetadata(nodeID: local.id.rawValue, clusterID: clusterID.rawValue)
                .encoded())
        let parts = RuntimeParts(
            replica: replica(foundingMachine(local.id, founders), id: local.id, snapshotIndex: 0),
            state: state, log: log, snapshots: snapshots)
        return StartingMember(
            parts: parts, clusterID: clusterID, localID: local.id, isNew: true)
    }

    /// A database that has applied a log belongs to that log and to no new one.
    private func requireUnused(_ bolt: Bolt) throws {
        let reading = bolt.beginRead()
        defer { reading.end() }
        let mark = AppliedMark(from: reading)
        guard mark.index == 0 else {
            throw BootstrapError(
                "there is no write-ahead log in \(directory.log), but the database has applied "
                    + "index \(mark.index)")
        }
    }

    /// The founders, of the configuration's initial cluster.
    func founders() throws -> [Member] {
        let token = configuration.initialClusterToken
        return try configuration.initialMembers().map { member in
            let urls = member.peerURLs.texts
            return Member(
                id: MemberID(peerURLs: urls, token: token), peerURLs: urls, name: member.name)
        }
    }

    func foundingMachine(
        _ localID: Membership.MemberID, _ founders: [Member]
    ) -> RaftMachine {
        RaftMachine(
            raftSettings(localID),
            founders: founders.map { member in
                FoundingMember(id: .init(member.id.rawValue), context: Array(member.json.utf8))
            })
    }

    /// Every bucket exists from the start, even while it is empty, as in a file of etcd.
    private func createBuckets(_ bolt: Bolt) throws {
        let names = [
            "alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members",
            "members_removed", "meta",
        ]
        let transaction = bolt.beginWrite()
        do {
            for name in names { _ = try transaction.createBucketIfMissing(Array(name.utf8)) }
        } catch {
            transaction.rollback()
            throw error
        }
        try transaction.commit()
    }
}
