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
        return try isNew ? found(bolt, snapshots) : restart(bolt, snapshots)
    }

    private func openDatabase() throws -> Bolt {
        var options = BoltOptions(bucketsAreFlat: true)
        options.syncOnCommit = !configuration.unsafeNoFsync
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

    private func makeState(
        _ bolt: Bolt, localID: Membership.MemberID, clusterID: ClusterID
    ) throws -> StateMachine {
        var settings = StateSettings()
        settings.quota = Quota(configuredBytes: configuration.quotaBackendBytes)
        settings.learnersMaximum = configuration.learnersMax
        let electionMilliseconds = Int64(configuration.electionTimeoutMilliseconds)
        // Three half election timeouts, so that a lease outlives a change of leader.
        settings.leaseMinimumSeconds = (electionMilliseconds * 3 / 2 + 999) / 1000
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

    private func raftSettings(_ id: Membership.MemberID) -> RaftConfiguration {
        RaftConfiguration(
            id: Raft.MemberID(id.rawValue), electionTicks: configuration.electionTicks,
            preVote: configuration.preVote,
            seed: id.rawValue ^ UInt64(bitPattern: startUnixMilliseconds))
    }

    private func replica(
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

/// A member that never ran.
extension MemberBootstrap {
    private func found(_ bolt: Bolt, _ snapshots: SnapshotStore) throws -> StartingMember {
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

    /// The founders, of the configuration's initial cluster.
    private func founders() throws -> [Member] {
        let token = configuration.initialClusterToken
        return try configuration.initialMembers().map { member in
            let urls = member.peerURLs.texts
            return Member(
                id: MemberID(peerURLs: urls, token: token), peerURLs: urls, name: member.name)
        }
    }

    private func foundingMachine(
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

/// A member that ran before, here or as a real etcd.
extension MemberBootstrap {
    private func restart(_ bolt: Bolt, _ snapshots: SnapshotStore) throws -> StartingMember {
        let reading = bolt.beginRead()
        let mark = AppliedMark(from: reading)
        reading.end()
        let start = try newestSnapshot(atMost: mark.index)
        let (log, contents) = try openLog(from: start)
        let metadata = try LogMetadata(decoding: contents.metadata)
        let localID = Membership.MemberID(rawValue: metadata.nodeID)
        let clusterID = ClusterID(rawValue: metadata.clusterID)
        let state = try makeState(bolt, localID: localID, clusterID: clusterID)
        let machine = try restoredMachine(localID, start, contents, mark)
        logger.info(
            "restarting local member",
            [
                "cluster-id": .hex(clusterID.rawValue), "local-member-id": .hex(localID.rawValue),
                "commit-index": .unsigned(contents.hardState.commit),
                "applied-index": .unsigned(mark.index),
            ])
        let parts = RuntimeParts(
            replica: replica(machine, id: localID, snapshotIndex: start.index), state: state,
            log: log, snapshots: snapshots)
        return StartingMember(
            parts: parts, clusterID: clusterID, localID: localID, isNew: false)
    }

    /// The machine as the log has it. A log without a single entry is of a member that was stopped
    /// while it was founded: it is founded again.
    private func restoredMachine(
        _ localID: Membership.MemberID, _ start: LogSnapshotRecord, _ contents: LogContents,
        _ mark: AppliedMark
    ) throws -> RaftMachine {
        let isFounded = start.index > 0 || !contents.entries.isEmpty || mark.index > 0
        guard isFounded else {
            let founders = try founders()
            guard founders.contains(where: { $0.id == localID }) else {
                throw BootstrapError(
                    "the log is empty, and the initial cluster does not name its member")
            }
            return foundingMachine(localID, founders)
        }
        return try RaftMachine(
            raftSettings(localID), restoring: try restoredState(start, contents, mark))
    }

    /// The newest snapshot that the log notes and the database has reached.
    private func newestSnapshot(atMost applied: UInt64) throws -> LogSnapshotRecord {
        let known = try WriteAheadLog.validSnapshots(disk: disk, directory: directory.log)
        guard let newest = known.last(where: { $0.index <= applied }) else {
            guard let oldest = known.first else {
                throw BootstrapError("the write-ahead log notes no snapshot to start from")
            }
            throw BootstrapError(
                "failed to recover v3 backend from snapshot: the database has applied index "
                    + "\(applied), the oldest snapshot is at \(oldest.index)")
        }
        return newest
    }

    /// Opens the log, repairing once a last write that was interrupted.
    private func openLog(
        from start: LogSnapshotRecord
    ) throws -> (log: WriteAheadLog, contents: LogContents) {
        do {
            return try WriteAheadLog.open(disk: disk, directory: directory.log, from: start)
        } catch LogError.unexpectedEnd(let file, let offset) {
            logger.warn(
                "the last write of the log was interrupted; it is cut off",
                ["file": .string(file), "offset": .number(offset)])
            guard try WriteAheadLog.repair(disk: disk, directory: directory.log) else {
                throw BootstrapError("failed to repair WAL \(file)")
            }
            logger.info("repaired WAL", ["file": .string(file)])
            return try WriteAheadLog.open(disk: disk, directory: directory.log, from: start)
        }
    }

    private func restoredState(
        _ start: LogSnapshotRecord, _ contents: LogContents, _ mark: AppliedMark
    ) throws -> RestoredState {
        var entries: [Entry] = []
        entries.reserveCapacity(contents.entries.count)
        for record in contents.entries {
            guard let entry = Entry(record) else {
                throw BootstrapError("entry \(record.index) of the log is of an unknown type")
            }
            entries.append(entry)
        }
        let confState = mark.confState ?? start.confState
        return RestoredState(
            hardState: HardState(contents.hardState),
            compacted: EntryID(term: Term(start.term), index: LogIndex(start.index)),
            entries: entries, confState: confState.map { ConfState($0) } ?? ConfState(),
            applied: LogIndex(mark.index))
    }
}
