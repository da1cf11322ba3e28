import Bolt
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
}

/// Brings a member to the point where its threads can start: founds it, or reads it back.
package struct MemberBootstrap {
    let configuration: ServerConfiguration
    let directory: DataDirectory
    let disk: any Disk
    let logger: ServerLogger
    /// Differs between runs, for timeouts and request numbers.
    let startUnixMilliseconds: Int64

    package init(
        _ configuration: ServerConfiguration, disk: any Disk, logger: ServerLogger,
        startUnixMilliseconds: Int64
    ) {
        self.configuration = configuration
        self.disk = disk
        self.logger = logger
        self.startUnixMilliseconds = startUnixMilliseconds
        directory = DataDirectory(configuration)
    }

    package func run() throws -> StartingMember {
        let isNew = try !WriteAheadLog.exists(disk: disk, directory: directory.log)
        if isNew { try checkInitialCluster() }
        try directory.prepare(on: disk)
        let snapshots = SnapshotStore(disk: disk, directory: directory.snapshots)
        _ = try snapshots.removeLeftovers()
        let bolt = try openDatabase()
        logger.info(
            "opened backend db",
            ["path": .string(directory.database), "isNew": .boolean(isNew)])
        try defragmentIfWorthwhile(bolt)
        return try isNew ? found(bolt, snapshots) : restart(bolt, snapshots)
    }

    private func openDatabase() throws -> Bolt {
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

    /// The initial cluster must name this member, with the URLs it tells its peers.
    private func checkInitialCluster() throws {
        let members = try configuration.initialMembers()
        guard let own = members.first(where: { $0.name == configuration.name }) else {
            throw BootstrapError(
                "couldn't find local name \"\(configuration.name)\" in the initial cluster "
                    + "configuration")
        }
        let listed = Set(own.peerURLs.texts)
        let advertised = Set(configuration.initialAdvertisePeerURLs.texts)
        let missing = advertised.subtracting(listed).sorted()
        guard missing.isEmpty else {
            let url = missing.joined(separator: ",")
            throw BootstrapError(
                "--initial-advertise-peer-urls has \(url) but missing from "
                    + "--initial-cluster=\(configuration.initialCluster)")
        }
        let unknown = listed.subtracting(advertised).sorted()
        guard unknown.isEmpty else {
            let pairs = unknown.map { "\(configuration.name)=\($0)" }.joined(separator: ",")
            throw BootstrapError(
                "--initial-cluster has \(pairs) but missing from "
                    + "--initial-advertise-peer-urls="
                    + configuration.initialAdvertisePeerURLs.texts.joined(separator: ","))
        }
    }

    /// How often the rest of a long lease is told to all members; etcd's five minutes.
    private static let leaseCheckpointMilliseconds: Int64 = 300_000

    func makeState(
        _ bolt: Bolt, localID: Membership.MemberID, clusterID: ClusterID
    ) throws -> StateMachine {
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
        let state = try StateMachine(
            bolt: bolt, membership: ClusterMembership(localID: localID, clusterID: clusterID),
            settings: settings,
            storeConfiguration: StoreConfiguration(
                compactionBatchLimit: configuration.effectiveCompactionBatchLimit))
        guard !state.auth.isEnabled else {
            throw BootstrapError(
                "authentication is enabled in this data directory, and not supported yet: "
                    + "serving it would give everybody access")
        }
        if let fault = bolt.corruption {
            throw BootstrapError("the database is corrupt: \(fault)")
        }
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
            catchUpEntries: Int(clamping: configuration.snapshotCatchUpEntries))
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
