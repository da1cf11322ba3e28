import Configuration
import Bolt
import Disk
import EtcdAPI
import Identifiers
import InitialMembers
import Membership
import Raft
import MemberRuntime
import StateMachine
import WriteAheadLog

/// An initial member of a new cluster.
extension MemberBootstrap {
    /// The initial cluster must list this member with the peer URLs it advertises.
    func checkNewCluster(_ cluster: InitialCluster) async throws {
        try await cluster.requireBootstrappable(
            name: configuration.name, advertised: configuration.initialAdvertisePeerURLs.texts,
            logger: logger)
    }

    func bootstrapNewCluster(
        _ cluster: InitialCluster, _ bolt: Bolt, _ snapshots: SnapshotStore
    ) async throws -> StartingMember {
        let local = try cluster.membersWithIDs().named(configuration.name)
        if try await isBootstrapped(local, in: cluster) {
            throw BootstrapError("member \(local.id) has already been bootstrapped")
        }
        let initialMembers = try await initialMembers(of: cluster)
        guard initialMembers.contains(where: { $0.id == local.id }) else {
            throw BootstrapError("the initial members do not include this member, \(local.id)")
        }
        let clusterID = ClusterID(initialMembers: initialMembers.map(\.id))
        let state = try makeState(bolt, localID: local.id, clusterID: clusterID)
        let log = try createLog(localID: local.id, clusterID: clusterID)
        let parts = RuntimeParts(
            replica: replica(
                newClusterMachine(local.id, initialMembers), id: local.id, snapshotIndex: 0),
            state: state, log: log, snapshots: snapshots)
        return StartingMember(
            parts: parts, clusterID: clusterID, localID: local.id, isNew: true,
            members: initialMembers, remotes: [])
    }

    /// The initial members; with a discovery service they are known only after registering.
    func initialMembers(of cluster: InitialCluster) async throws -> [Member] {
        if configuration.discovery.endpoints.isEmpty { return try cluster.membersWithIDs() }
        return try await discover(cluster).membersWithIDs()
    }

    /// Whether the other initial members know that this member has published client URLs. Then it
    /// has lost its data, and bootstrapping it again would let it vote without its former log.
    private func isBootstrapped(_ local: Member, in cluster: InitialCluster) async throws -> Bool {
        do {
            let remote = try await remoteCluster(
                at: cluster.peerURLs(except: configuration.name), timeout: .seconds(1),
                logsFailures: false)
            let known = remote.members.first { $0.id == local.id }
            return known.map { !$0.clientURLs.isEmpty } ?? false
        } catch is BootstrapError {
            return false
        }
    }

    func createLog(
        localID: MemberID, clusterID: ClusterID
    ) throws -> WriteAheadLog {
        try WriteAheadLog.create(
            disk: disk, directory: directory.log,
            metadata: LogMetadata(nodeID: localID.rawValue, clusterID: clusterID.rawValue)
                .encoded())
    }

    /// A database that has applied entries belongs to the log of these entries, not to a new one.
    func requireUnused(_ bolt: Bolt) throws {
        let reading = bolt.beginRead()
        defer { reading.end() }
        let consistentIndex = try ConsistentIndex(from: reading)
        guard consistentIndex.index == 0 else {
            throw BootstrapError(
                "there is no write-ahead log in \(directory.log), but the database has applied "
                    + "index \(consistentIndex.index)")
        }
    }

    func newClusterMachine(
        _ localID: MemberID, _ initialMembers: [Member]
    ) -> RaftMachine {
        RaftMachine(
            raftConfiguration(localID),
            initialPeers: initialMembers.map { member in
                InitialPeer(id: member.id, context: Array(member.json.utf8))
            })
    }

    /// Every bucket exists from the start, even while it is empty, as in etcd's files.
    func createBuckets(_ bolt: Bolt) throws {
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
