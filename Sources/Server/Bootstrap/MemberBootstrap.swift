package import Identifiers
import Auth
import InitialMembers
import MonotonicClock
package import ServerLogging
package import Configuration
import Bolt
package import DNS
package import Disk
import EtcdAPI
import MVCC
package import Membership
import Raft
import Replica
package import MemberRuntime
import StateMachine
import WriteAheadLog

/// A member that is ready to run: restored from its disk, joining a cluster, or new.
package struct StartingMember {
    package let parts: RuntimeParts
    package let clusterID: ClusterID
    package let localID: MemberID
    /// Whether the data directory was empty before.
    package let isNew: Bool
    /// The cluster's members as known at the start, including this one; empty for a member that
    /// joined and stopped before the leader sent it anything.
    package let members: [Member]
    /// Members of the running cluster that this one joins; their messages are accepted before
    /// the log contains their membership changes.
    package let remotes: [Member]
}

/// Prepares a member until its threads can start: bootstraps a new cluster, joins an existing
/// one, or restarts from the data directory.
package struct MemberBootstrap {
    let configuration: ServerConfiguration
    let directory: DataDirectory
    let disk: any Disk
    let logger: ServerLogger
    /// Differs between runs; seeds election timeouts and request IDs.
    let startUnixMilliseconds: Int64
    let peers: ClusterProbe
    let services: ServiceLookup

    package init(
        _ configuration: ServerConfiguration, disk: any Disk, logger: ServerLogger,
        startUnixMilliseconds: Int64, peers: ClusterProbe,
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
        let isRestart = try WriteAheadLog.exists(disk: disk, directory: directory.log)
        let cluster = isRestart ? nil : try await initialCluster()
        do {
            guard let cluster else { return try await restart() }
            return try await start(cluster)
        } catch {
            if !(error is CancellationError) {
                logger.error("bootstrap failed", ["error": .error(error)])
            }
            throw error
        }
    }

    /// Starts a member without a data directory.
    private func start(_ cluster: InitialCluster) async throws -> StartingMember {
        switch configuration.initialClusterState {
        case .new: try await checkNewCluster(cluster)
        case .existing: try checkJoin(cluster)
        }
        let (bolt, snapshots) = try openNewDirectory()
        do {
            switch configuration.initialClusterState {
            case .new: return try await bootstrapNewCluster(cluster, bolt, snapshots)
            case .existing: return try await joinExistingCluster(cluster, bolt, snapshots)
            }
        } catch {
            bolt.close()
            throw error
        }
    }

    /// The members of the cluster to bootstrap or join, from the source that the flags name; with
    /// a discovery service only this member, until it has registered there.
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
        var options = BoltConfiguration(bucketsAreFlat: true)
        options.now = { .now() }
        options.syncOnCommit = !configuration.unsafeNoFsync
        options.locksMemory = configuration.lockMemory
        do {
            let bolt = try Bolt.open(
                disk: disk, path: directory.database, configuration: options)
            warnOfSmallReserve(bolt, options.initialMapBytes)
            return bolt
        } catch BoltError.disk(.locked) {
            throw BootstrapError(
                "another process has the database open: \(directory.database)")
        }
    }

    /// The interval of lease checkpoints, which replicate remaining TTLs; etcd's five minutes.
    private static let leaseCheckpointInterval = TimeSpan.seconds(300)

    func makeState(
        _ bolt: Bolt, localID: MemberID, clusterID: ClusterID
    ) throws -> StateMachine {
        try defragmentIfWorthwhile(bolt)
        try AuthStore.recordFirstRevision(in: bolt)
        var stateConfiguration = StateMachineConfiguration()
        stateConfiguration.quota = Quota(
            configuredBytes: configuration.quotaBackendBytes,
            rule: configuration.quotaBackendRule == .etcd ? .etcd : .inUse)
        stateConfiguration.learnersMax = configuration.learnersMax
        // One and a half election timeouts, so that a lease outlives a change of leader.
        stateConfiguration.leaseTTLSecondsMin =
            (TimeSpan(configuration.electionTimeout) * 3 / 2).secondsRoundedUp
        stateConfiguration.persistsLeaseCheckpoints =
            configuration.featureGates.isEnabled(.leaseCheckpointPersist)
        if configuration.featureGates.isEnabled(.leaseCheckpoint) {
            stateConfiguration.leaseCheckpointInterval = Self.leaseCheckpointInterval
        }
        let storeConfiguration = StoreConfiguration(
            compactionBatchMax: configuration.effectiveCompactionBatchMax)
        let state = try StateMachine(
            bolt: bolt, membership: ClusterMembership(localID: localID, clusterID: clusterID),
            configuration: stateConfiguration, storeConfiguration: storeConfiguration)
        warnOfSmallIndex(state.store.indexReservedBytes, storeConfiguration.indexReservedBytes)
        try requireServable(state)
        bolt.releaseMappedPages()
        let revisions = state.store.revisions
        logger.info(
            "kvstore restored",
            [
                "current-rev": .integer(revisions.current.rawValue),
                "compact-rev": .integer(revisions.compacted.rawValue),
            ])
        return state
    }

    private func warnOfSmallReserve(_ bolt: Bolt, _ wanted: Int) {
        guard bolt.reservedBytes < wanted else { return }
        logger.warn(
            "the system limits the address space, so the database cannot grow as usual",
            [
                "reserved-bytes": .integer(Int64(bolt.reservedBytes)),
                "wanted-bytes": .integer(Int64(wanted)),
            ])
    }

    private func warnOfSmallIndex(_ reserved: Int, _ wanted: Int) {
        guard reserved < wanted else { return }
        logger.warn(
            "the system limits the address space, so fewer keys and revisions fit into memory",
            ["reserved-bytes": .integer(Int64(reserved)), "wanted-bytes": .integer(Int64(wanted))])
    }

    func requireLearnerLimit(_ members: [Member]) throws(BootstrapError) {
        guard members.count(where: \.isLearner) <= configuration.learnersMax else {
            throw BootstrapError("membership: too many learner members in cluster")
        }
    }

    func raftConfiguration(_ id: MemberID) -> RaftConfiguration {
        RaftConfiguration(
            id: id, electionTicks: configuration.electionTicks,
            preVote: configuration.preVote,
            seed: id.rawValue ^ UInt64(bitPattern: startUnixMilliseconds))
    }

    func replica(
        _ machine: RaftMachine, id: MemberID, snapshotIndex: LogIndex
    ) -> Replica {
        let replicaConfiguration = ReplicaConfiguration(
            snapshotCount: Int(clamping: configuration.effectiveSnapshotCount),
            catchUpEntries: Int(clamping: configuration.snapshotCatchUpEntries),
            tickInterval: TimeSpan(configuration.heartbeatInterval))
        return Replica(
            machine, configuration: replicaConfiguration, snapshotIndex: snapshotIndex,
            firstReadContext: requestNumber(id))
    }

    /// The first request ID: the member ID's low bits, then the time, then a count, as in etcd.
    package func requestNumber(_ id: MemberID) -> UInt64 {
        let time = UInt64(bitPattern: startUnixMilliseconds) & ((1 << 40) - 1)
        return (id.rawValue & 0xFFFF) << 48 | time << 8
    }
}
