import Bolt
package import DNS
package import Disk
import EtcdAPI
import MVCC
package import Membership
import Raft
import Replica
package import ReplicaRuntime
import StateMachine
import WriteAheadLog

/// A member as it comes from its disk, or as it is founded.
package struct StartingMember {
    package let parts: RuntimeParts
    package let clusterID: ClusterID
    package let localID: Membership.MemberID
    /// Whether the data directory was empty before.
    package let isNew: Bool
    /// Everybody in the cluster as far as it is known at the start, this member included; empty
    /// for one that joined and stopped before it heard from the leader.
    package let members: [Member]
    /// Members of the running cluster that this one joins; it takes messages of them before the
    /// log has named them.
    package let remotes: [Member]
}

/// Brings a member to the point where its threads can start: founds it, lets it join a cluster,
/// or reads it back.
package struct MemberBootstrap {
    let configuration: ServerConfiguration
    let directory: DataDirectory
    let disk: any Disk
    let logger: ServerLogger
    /// Differs between runs, for timeouts and request numbers.
    let startUnixMilliseconds: Int64
    let peers: PeerEnquiry
    let services: ServiceLookup

    package init(
        _ configuration: ServerConfiguration, disk: any Disk, logger: ServerLogger,
        startUnixMilliseconds: Int64, peers: PeerEnquiry,
        services: ServiceLookup = ServiceLookup()
    ) {
        self.configuration = configuration
        self.disk = disk
        self.logger = logger
        self.startUnixMilliseconds = startUnixMilliseconds
        self.peers = peers
        self.services = services
        directory = DataDirectory(configuration)
    }

    package func run() async throws -> StartingMember {
        guard try !WriteAheadLog.exists(disk: disk, directory: directory.log) else {
            return try await restart()
        }
        let cluster = try await initialCluster()
        switch configuration.initialClusterState {
        case .new: try await checkFounding(cluster)
        case .existing: try checkJoining(cluster)
        }
        let (bolt, snapshots) = try openNewDirectory()
        do {
            switch configuration.initialClusterState {
            case .new: return try await found(cluster, bolt, snapshots)
            case .existing: return try await join(cluster, bolt, snapshots)
            }
        } catch {
            bolt.close()
            throw error
        }
    }

    /// The members to found or to join, from wherever the flags say; with a discovery registry
    /// only this member, until it has met the others there.
    func initialCluster() async throws -> InitialCluster {
        if !configuration.discovery.endpoints.isEmpty { return ownCluster }
        if !configuration.discovery.dnsDomain.isEmpty {
            return try await clusterFromServiceRecords()
        }
        return InitialCluster(
            token: configuration.initialClusterToken, members: try configuration.initialMembers())
    }

    private func openNewDirectory() throws -> (Bolt, SnapshotStore) {
        try directory.prepare(on: disk)
        let snapshots = SnapshotStore(disk: disk, directory: directory.snapshots)
        _ = try snapshots.removeLeftovers()
        let bolt = try openDatabase()
        do {
            try requireUnused(bolt)
            try createBuckets(bolt)
        } catch {
            bolt.close()
            throw error
        }
        return (bolt, snapshots)
    }

    func openDatabase() throws -> Bolt {
        var options = BoltOptions(bucketsAreFlat: true)
        options.syncOnCommit = !configuration.unsafeNoFsync
        options.locksMemory = configuration.lockMemory
        do {
            return try Bolt.open(disk: disk, path: directory.database, options: options)
        } catch BoltError.disk(.locked) {
            throw BootstrapError(
                "another process has the database open: \(directory.database)")
        }
    }

    /// How often the rest of a long lease is told to all members; etcd's five minutes.
    private static let leaseCheckpointMilliseconds: Int64 = 300_000

    func makeState(
        _ bolt: Bolt, localID: Membership.MemberID, clusterID: ClusterID
    ) throws -> StateMachine {
        try defragmentIfWorthwhile(bolt)
        var settings = StateSettings()
        settings.quota = Quota(configuredBytes: configuration.quotaBackendBytes)
        settings.learnersMaximum = configuration.learnersMax
        let electionMilliseconds = Int64(configuration.electionTimeoutMilliseconds)
        // Three half election timeouts, so that a lease outlives a change of leader.
        settings.leaseMinimumSeconds = (electionMilliseconds * 3 / 2 + 999) / 1000
        settings.persistsLeaseCheckpoints =
            configuration.featureGates.isEnabled(.leaseCheckpointPersist)
        if configuration.featureGates.isEnabled(.leaseCheckpoint) {
            settings.leaseCheckpointMilliseconds = Self.leaseCheckpointMilliseconds
        }
        let storeConfiguration = StoreConfiguration(
            compactionBatchLimit: configuration.effectiveCompactionBatchLimit)
        let state = try StateMachine(
            bolt: bolt, membership: ClusterMembership(localID: localID, clusterID: clusterID),
            settings: settings, storeConfiguration: storeConfiguration)
        warnOfSmallIndex(state.store.indexReservedBytes, storeConfiguration.indexReservedBytes)
        try requireServable(state)
        bolt.letGoOfPages()
        let revisions = state.store.revisions
        logger.info(
            "kvstore restored",
            [
                "current-rev": .integer(revisions.current),
                "compact-rev": .integer(revisions.compacted),
            ])
        return state
    }

    private func warnOfSmallIndex(_ reserved: Int, _ wanted: Int) {
        guard reserved < wanted else { return }
        logger.warn(
            "the system limits the address space, so fewer keys and revisions fit into memory",
            ["reserved-bytes": .integer(Int64(reserved)), "wanted-bytes": .integer(Int64(wanted))])
    }

    func requireFewLearners(_ members: [Member]) throws(BootstrapError) {
        guard members.count(where: \.isLearner) <= configuration.learnersMax else {
            throw BootstrapError("membership: too many learner members in cluster")
        }
    }

    func raftSettings(_ id: Membership.MemberID) -> RaftConfiguration {
        RaftConfiguration(
            id: Raft.MemberID(id.rawValue), electionTicks: configuration.electionTicks,
            preVote: configuration.preVote,
            seed: id.rawValue ^ UInt64(bitPattern: startUnixMilliseconds))
    }

    func replica(
        _ machine: RaftMachine, id: Membership.MemberID, snapshotIndex: UInt64
    ) -> Replica {
        let settings = ReplicaSettings(
            snapshotCount: Int(clamping: configuration.effectiveSnapshotCount),
            catchUpEntries: Int(clamping: configuration.snapshotCatchUpEntries),
            tickMilliseconds: Int(clamping: configuration.heartbeatIntervalMilliseconds))
        return Replica(
            machine, settings: settings, snapshotIndex: LogIndex(snapshotIndex),
            firstRound: requestNumber(id))
    }

    /// Numbers of requests: the member's low bits, then the time, then a count, as in etcd.
    package func requestNumber(_ id: Membership.MemberID) -> UInt64 {
        let time = UInt64(bitPattern: startUnixMilliseconds) & ((1 << 40) - 1)
        return (id.rawValue & 0xFFFF) << 48 | time << 8
    }
}
