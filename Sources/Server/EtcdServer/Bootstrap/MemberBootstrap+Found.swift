import Bolt
import Disk
import EtcdAPI
import Membership
import Raft
import ReplicaRuntime
import StateMachine
import WriteAheadLog

/// A member that founds a cluster.
extension MemberBootstrap {
    /// The initial cluster must name this member, with the URLs it tells its peers.
    func checkFounding(_ cluster: InitialCluster) async throws {
        let own = try cluster.member(named: configuration.name)
        try await requireAdvertised(own)
        try requireDistinctURLs(cluster)
    }

    func requireDistinctURLs(_ cluster: InitialCluster) throws(BootstrapError) {
        if cluster.hasDuplicateURL {
            throw BootstrapError("initial cluster \(cluster.text) has duplicate url")
        }
    }

    private func requireAdvertised(_ own: InitialMember) async throws {
        let advertised = configuration.initialAdvertisePeerURLs.texts
        let listed = own.peerURLs.map(\.text)
        let comparison = PeerURLComparison(logger: logger)
        guard let difference = try await comparison.difference(advertised, listed) else { return }
        let unadvertised = Set(listed).subtracting(advertised).sorted()
        let joined = advertised.joined(separator: ",")
        if !unadvertised.isEmpty {
            let pairs = unadvertised.map { "\(own.name)=\($0)" }.joined(separator: ",")
            throw BootstrapError(
                "--initial-cluster has \(pairs) but missing from "
                    + "--initial-advertise-peer-urls=\(joined) (\(difference))")
        }
        // etcd shows what is advertised here too, although it speaks of the list.
        let shown = advertised.map { "\(own.name)=\($0)" }.joined(separator: ",")
        let unlisted = Set(advertised).subtracting(listed).sorted()
        if !unlisted.isEmpty {
            throw BootstrapError(
                "--initial-advertise-peer-urls has \(unlisted.joined(separator: ",")) but missing "
                    + "from --initial-cluster=\(shown)")
        }
        throw BootstrapError(
            "failed to resolve \(joined) to match --initial-cluster=\(shown) (\(difference))")
    }

    func found(
        _ cluster: InitialCluster, _ bolt: Bolt, _ snapshots: SnapshotStore
    ) async throws -> StartingMember {
        let local = try cluster.founders().named(configuration.name)
        if try await isBootstrapped(local, in: cluster) {
            throw BootstrapError("member \(local.id) has already been bootstrapped")
        }
        let founders = try await founders(of: cluster)
        guard founders.contains(where: { $0.id == local.id }) else {
            throw BootstrapError("the founders do not include this member, \(local.id)")
        }
        let clusterID = ClusterID(founders: founders.map(\.id))
        let state = try makeState(bolt, localID: local.id, clusterID: clusterID)
        let log = try createLog(localID: local.id, clusterID: clusterID)
        let parts = RuntimeParts(
            replica: replica(foundingMachine(local.id, founders), id: local.id, snapshotIndex: 0),
            state: state, log: log, snapshots: snapshots)
        return StartingMember(
            parts: parts, clusterID: clusterID, localID: local.id, isNew: true, members: founders,
            remotes: [])
    }

    /// The founders, of whom a discovery registry tells only now.
    func founders(of cluster: InitialCluster) async throws -> [Member] {
        if configuration.discovery.endpoints.isEmpty { return try cluster.founders() }
        return try await discover(cluster).founders()
    }

    /// Whether the other founders know this member as one that has served clients: it has lost its
    /// data then, and founding it again would bring back its vote without its memory.
    private func isBootstrapped(_ local: Member, in cluster: InitialCluster) async throws -> Bool {
        do {
            let remote = try await remoteCluster(
                at: cluster.peerURLs(except: configuration.name), timeout: .seconds(1),
                tellsFailures: false)
            let known = remote.members.first { $0.id == local.id }
            return known.map { !$0.clientURLs.isEmpty } ?? false
        } catch is BootstrapError {
            return false
        }
    }

    func createLog(
        localID: Membership.MemberID, clusterID: ClusterID
    ) throws -> WriteAheadLog {
        try WriteAheadLog.create(
            disk: disk, directory: directory.log,
            metadata: LogMetadata(nodeID: localID.rawValue, clusterID: clusterID.rawValue)
                .encoded())
    }

    /// A database that has applied a log belongs to that log and to no new one.
    func requireUnused(_ bolt: Bolt) throws {
        let reading = bolt.beginRead()
        defer { reading.end() }
        let mark = try AppliedMark(from: reading)
        guard mark.index == 0 else {
            throw BootstrapError(
                "there is no write-ahead log in \(directory.log), but the database has applied "
                    + "index \(mark.index)")
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
