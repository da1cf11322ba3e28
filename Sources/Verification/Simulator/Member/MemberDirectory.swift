import Bolt
import Disk
import EtcdAPI
import MVCC
import Membership
import Raft
import Replica
import StateMachine
import WriteAheadLog

/// What a member is made of when it starts.
struct MemberParts {
    let replica: Replica
    let state: StateMachine
    let log: WriteAheadLog
    let snapshots: SnapshotStore
    /// What was read from the log; nil for a member that starts with nothing.
    var found: FoundLog?
}

/// What a member found in its log.
struct FoundLog {
    let start: LogSnapshotRecord
    let terms: [UInt64]
    /// Hashes of what the entries hold.
    let prints: [UInt64]
    let hardState: RaftHardState
    /// The applied index of the database.
    let appliedIndex: UInt64
    let wasRepaired: Bool
    /// Whether a received database was put in its place only now.
    let wasRecovered: Bool

    /// Whether nothing tells that the member ever ran.
    var isEmpty: Bool { start.index == 0 && appliedIndex == 0 && terms.isEmpty }
}

/// The data directory of one member and how the member starts from it: what the server's
/// bootstrap does, in the same order.
struct MemberDirectory {
    var disk: MemoryDisk
    let id: Membership.MemberID
    let clusterID: ClusterID
    let limits: MemberLimits
    let mutant: Mutant?
    /// Length of a tick of the member.
    var tickMilliseconds = 100
    /// Differs between starts, for time-outs and request numbers.
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

    /// Starts a member that founds the cluster together with others.
    func found(_ founders: [Membership.Member]) throws -> MemberParts {
        let state = try makeNewState()
        return MemberParts(
            replica: makeReplica(foundingMachine(founders), snapshotIndex: 0), state: state,
            log: try createLog(), snapshots: snapshotStore)
    }

    /// Starts a member that a running cluster has been told of.
    func join() throws -> MemberParts {
        let state = try makeNewState()
        let machine = try RaftMachine(raftConfiguration, restoring: .empty)
        return MemberParts(
            replica: makeReplica(machine, snapshotIndex: 0), state: state,
            log: try createLog(), snapshots: snapshotStore)
    }

    func foundingMachine(_ founders: [Membership.Member]) -> RaftMachine {
        RaftMachine(
            raftConfiguration,
            founders: founders.map {
                FoundingMember(id: .init($0.id.rawValue), context: Array($0.json.utf8))
            })
    }

    /// Creates what is missing, and removes what an interrupted run has left.
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
            guard try appliedMark(bolt).index == 0 else {
                throw SimulationFailure("a database without a log has applied entries")
            }
            return try makeState(bolt)
        } catch {
            bolt.close()
            throw error
        }
    }

    func openDatabase() throws -> Bolt {
        let options = BoltOptions(
            initialMapBytes: 1 << 24, bucketsAreFlat: true, growthStepBytes: 64 << 10)
        return try Bolt.open(disk: disk, path: Self.database, options: options)
    }

    func makeState(_ bolt: Bolt) throws -> StateMachine {
        try StateMachine(
            bolt: bolt, membership: ClusterMembership(localID: id, clusterID: clusterID),
            settings: limits.state,
            storeConfiguration: StoreConfiguration(
                compactionBatchLimit: limits.compactionBatchLimit, sliceKeys: 16,
                sliceBytes: 4 << 10, indexReservedBytes: 1 << 30))
    }

    func appliedMark(_ bolt: Bolt) throws(PageFault) -> AppliedMark {
        let reading = bolt.beginRead()
        defer { reading.end() }
        return try AppliedMark(from: reading)
    }

    private func createLog() throws -> WriteAheadLog {
        try WriteAheadLog.create(
            disk: disk, directory: Self.log,
            metadata: LogMetadata(nodeID: id.rawValue, clusterID: clusterID.rawValue).encoded(),
            configuration: logConfiguration)
    }

    var raftConfiguration: RaftConfiguration {
        var configuration = RaftConfiguration(
            id: .init(id.rawValue), preVote: mutant != .campaignsUnasked,
            checkQuorum: mutant != .leadsUnheard, maxMessageBytes: limits.raft.maxMessageBytes,
            maxInflightMessages: limits.raft.maxInflightMessages,
            maxInflightBytes: limits.raft.maxInflightBytes,
            maxUncommittedBytes: limits.raft.maxUncommittedBytes,
            maxUnstableBytes: limits.raft.maxUnstableBytes,
            maxApplyingBytes: limits.raft.maxApplyingBytes,
            maxPendingReads: limits.raft.maxPendingReads, seed: seed ^ id.rawValue)
        switch mutant {
        case .commitsEarlierTerms: configuration.mutation = .commitsEarlierTerms
        case .readsAloneTooSoon: configuration.mutation = .readsAloneAtOnce
        default: break
        }
        return configuration
    }

    func makeReplica(_ machine: RaftMachine, snapshotIndex: UInt64) -> Replica {
        Replica(
            machine,
            settings: ReplicaSettings(
                snapshotCount: limits.snapshotCount, catchUpEntries: limits.catchUpEntries,
                tickMilliseconds: tickMilliseconds),
            snapshotIndex: LogIndex(snapshotIndex), firstRound: seed)
    }
}
