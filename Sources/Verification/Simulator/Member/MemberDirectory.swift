import Bolt
import Disk
import EtcdAPI
import Identifiers
import MVCC
import Membership
import MonotonicClock
import Raft
import Replica
import StateMachine
import WriteAheadLog

/// What a member starts from: restored from its disk, or new at its first start.
struct RestoredMember {
    let replica: Replica
    let state: StateMachine
    let log: WriteAheadLog
    let snapshots: SnapshotStore
    /// The log that was read; nil for a member that starts without one.
    var restoredLog: RestoredLog?
}

/// The log of a member at its start.
struct RestoredLog {
    let start: LogSnapshotRecord
    let terms: [Term]
    /// Fingerprints of the entries.
    let fingerprints: [UInt64]
    let hardState: RaftHardState
    /// The applied index of the database.
    let appliedIndex: LogIndex
    let wasRepaired: Bool
    /// Whether a received database replaced the former one only at this start.
    let wasRecovered: Bool

    /// Whether nothing shows that the member ever ran.
    var isEmpty: Bool { start.index == 0 && appliedIndex == 0 && terms.isEmpty }
}

/// The data directory of one member, and how the member starts from it: the steps of the server's
/// bootstrap, in the same order.
struct MemberDirectory {
    var disk: MemoryDisk
    let id: MemberID
    let clusterID: ClusterID
    let limits: MemberLimits
    let mutant: Mutant?
    /// Tick length of the member.
    var tickInterval = TimeSpan.milliseconds(100)
    /// Differs between starts; for timeouts and request IDs.
    let seed: UInt64

    static let log = "/data/member/wal"
    static let snapshots = "/data/member/snap"
    static let database = snapshots + "/db"

    var holdsLog: Bool {
        get throws { try WriteAheadLog.exists(disk: disk, directory: Self.log) }
    }

    var snapshotStore: SnapshotStore {
        SnapshotStore(disk: disk, directory: Self.snapshots)
    }

    var logConfiguration: LogConfiguration {
        LogConfiguration(segmentSizeBytes: limits.segmentSizeBytes)
    }

    /// Starts an initial member of the cluster.
    func bootstrap(_ initialMembers: [Membership.Member]) throws -> RestoredMember {
        let state = try makeNewState()
        return RestoredMember(
            replica: makeReplica(initialMachine(initialMembers), snapshotIndex: 0), state: state,
            log: try createLog(), snapshots: snapshotStore)
    }

    /// Starts a member that was added to a running cluster.
    func join() throws -> RestoredMember {
        let state = try makeNewState()
        let machine = try RaftMachine(raftConfiguration, restoring: .empty)
        return RestoredMember(
            replica: makeReplica(machine, snapshotIndex: 0), state: state,
            log: try createLog(), snapshots: snapshotStore)
    }

    func initialMachine(_ initialMembers: [Membership.Member]) -> RaftMachine {
        RaftMachine(
            raftConfiguration,
            initialPeers: initialMembers.map {
                InitialPeer(id: $0.id, context: Array($0.json.utf8))
            })
    }

    /// Creates missing directories, and removes what an interrupted run has left.
    func prepare() throws {
        let isNew = !disk.exists("/data")
        try disk.createDirectory(Self.snapshots, permissions: 0o700)
        if isNew { try disk.synchronizeDirectory("/") }
        _ = try snapshotStore.removeLeftovers()
        for directory in ["/data/member", "/data"] { try disk.synchronizeDirectory(directory) }
    }

    private func makeNewState() throws -> StateMachine {
        try prepare()
        let bolt = try openDatabase()
        do {
            guard try consistentIndex(bolt).index == 0 else {
                throw SimulationFailure("a database without a log has applied entries")
            }
            return try makeState(bolt)
        } catch {
            bolt.close()
            throw error
        }
    }

    func openDatabase() throws -> Bolt {
        let options = BoltConfiguration(
            initialMapBytes: 1 << 24, bucketsAreFlat: true, growthStepBytes: 64 << 10)
        return try Bolt.open(disk: disk, path: Self.database, configuration: options)
    }

    func makeState(_ bolt: Bolt) throws -> StateMachine {
        try StateMachine(
            bolt: bolt, membership: ClusterMembership(localID: id, clusterID: clusterID),
            configuration: limits.state,
            storeConfiguration: StoreConfiguration(
                compactionBatchMax: limits.compactionBatchMax, sliceKeys: 16,
                sliceBytes: 4 << 10, indexReservedBytes: 1 << 30))
    }

    func consistentIndex(_ bolt: Bolt) throws(PageFault) -> ConsistentIndex {
        let reading = bolt.beginRead()
        defer { reading.end() }
        return try ConsistentIndex(from: reading)
    }

    private func createLog() throws -> WriteAheadLog {
        try WriteAheadLog.create(
            disk: disk, directory: Self.log,
            metadata: LogMetadata(nodeID: id.rawValue, clusterID: clusterID.rawValue).encoded(),
            configuration: logConfiguration)
    }

    var raftConfiguration: RaftConfiguration {
        var configuration = RaftConfiguration(
            id: id, preVote: mutant != .campaignsWithoutPreVote,
            checkQuorum: mutant != .leadsWithoutQuorum,
            messageBytesMax: limits.raft.messageBytesMax,
            catchUpBytesMax: limits.raft.catchUpBytesMax,
            inflightMessagesMax: limits.raft.inflightMessagesMax,
            inflightBytesMax: limits.raft.inflightBytesMax,
            uncommittedBytesMax: limits.raft.uncommittedBytesMax,
            unstableBytesMax: limits.raft.unstableBytesMax,
            applyingBytesMax: limits.raft.applyingBytesMax,
            pendingReadsMax: limits.raft.pendingReadsMax, seed: seed ^ id.rawValue)
        switch mutant {
        case .commitsEarlierTerms: configuration.mutation = .commitsEarlierTerms
        case .readsLocallyTooEarly: configuration.mutation = .ignoresLocalReadIndex
        default: break
        }
        return configuration
    }

    func makeReplica(_ machine: RaftMachine, snapshotIndex: LogIndex) -> Replica {
        var configuration = ReplicaConfiguration(
            snapshotCount: limits.snapshotCount, catchUpEntries: limits.catchUpEntries,
            tickInterval: tickInterval)
        configuration.singleVoterEntriesMax = limits.singleVoterEntriesMax
        return Replica(
            machine, configuration: configuration,
            snapshotIndex: snapshotIndex, firstReadContext: seed)
    }
}
