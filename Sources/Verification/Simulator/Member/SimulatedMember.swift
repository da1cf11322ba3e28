import Bolt
import Disk
import EtcdAPI
import MVCC
import Membership
import Raft
import Replica
import Stages
import StateMachine
import WriteAheadLog

/// One member between a start and its end: the stages that the server runs, and the queues between
/// them.
///
/// It does what the server's threads do, one indivisible piece at a time, each an event of the
/// simulation: so a crash can come between any two, and whatever two threads may do in either
/// order happens in either order. Who runs a turn of the consensus or the apply stage, its owner or
/// whoever posts while that sleeps, is drawn from the seed. What is here beside is routing of
/// effects, faults, and mutants, which alter what is routed.
final class SimulatedMember {
    unowned let host: Host
    let run: Int
    let id: Raft.MemberID
    unowned let simulation: Simulation
    let settings: MemberSettings
    let status: PublishedStatus
    let admission: Admission
    let state: StateMachine
    let log: WriteAheadLog
    let snapshots: SnapshotStore
    private(set) lazy var sink = CallSink(self)

    var consensus: ConsensusStage
    var logStage: LogStage
    var apply: ApplyStage
    var backend: BackendStage
    var consensusQueue = LaneQueue<ConsensusInput>()
    var logQueue = LaneQueue<LogInput>()
    var applyQueue = LaneQueue<ApplyInput>()
    var backendQueue = LaneQueue<BackendInput>()
    /// Why the member cannot go on, from a turn that was run within another one.
    var failure: (any Error)?

    /// How the replica stands since its last turn.
    var standing: Standing
    /// Calls that wait for an answer of this member, and those among them that wait for a read.
    var openCalls: Set<CallNumber> = []
    var openReads: Set<CallNumber> = []
    /// Renewals that wait for the next turn of their port.
    var renewals: [WaitingRenewal] = []
    /// Whether the disk is at work on a synchronization.
    var isSynchronizing = false
    /// Whether a part of the log's next segment is made ready.
    var isPreparingSegment = false
    /// What one client reads slowly.
    var slowRead: SlowRead?
    /// What was appended and not yet told of, for the mutants that tell of it early.
    var appended = AppendedUntold()
    /// Since when nothing was finished that the log has to make durable; nil while nothing waits.
    var logWaitsSince: Nanoseconds?
    /// The newest write that was told to be durable, and the newest that has to become so.
    var newestWritten: WriteNumber?
    var newestWanted: WriteNumber?
    /// Index of the last applied entry, also in the midst of a turn.
    var applied: UInt64
    /// Entries of the present turn that no judge has seen yet.
    var unjudged: [AppliedItem] = []
    /// Set while the backend puts a received state in the place of the present one.
    var isInstalling = false
    /// The term in which this member became leader last.
    var leadingTerm: UInt64 = 0
    /// Where the store was when its write buffer was last taken, and whether that held keys.
    var takenRevision: Int64 = 0
    var isTakenWithKeys = false
    /// Snapshots of its own that are not recorded yet.
    var ownSnapshots = 0

    // What the judges have seen of it.
    /// When each host was last heard, by its number.
    var heardAt: [Int: Nanoseconds] = [:]
    /// Since when it leads with the voters that there are now.
    var leadsSince: Nanoseconds = 0
    /// When it had its last turn of consensus, and since when it has had them without a long gap.
    var lastTurnAt: Nanoseconds = 0
    var awakeSince: Nanoseconds = 0
    /// Whether it was asked to campaign.
    var isToldToCampaign = false
    var seenCommit: LogIndex
    var seenLast: LogIndex
    var seenRole = RoleName.follower
    var seenTerm = Term.zero

    init(host: Host, run: Int, parts: MemberParts, simulation: Simulation) {
        self.host = host
        self.run = run
        self.simulation = simulation
        let now = host.clock.reading(at: simulation.now) / .millisecond
        id = parts.replica.id
        settings = simulation.limits.settings(of: host)
        status = PublishedStatus(id: id, state: parts.state, settings: settings, now: now)
        admission = Admission(
            settings: settings, status: status, quota: simulation.limits.quota,
            firstRequestID: UInt64(host.number + 1) << 48 | UInt64(run) << 32)
        standing = Standing(parts.replica)
        seenCommit = parts.replica.committedIndex
        seenLast = parts.replica.lastIndex
        state = parts.state
        log = parts.log
        snapshots = parts.snapshots
        applied = parts.state.appliedIndex
        consensus = ConsensusStage(parts.replica, settings: settings, now: now)
        logStage = LogStage(log: parts.log, snapshots: parts.snapshots, settings: settings)
        apply = ApplyStage(
            parts.state, id: id, snapshotIndex: parts.replica.snapshotIndex.rawValue,
            snapshotCount: simulation.limits.snapshotCount, settings: settings, now: now)
        backend = BackendStage(
            parts.state, snapshots: parts.snapshots, snapshotCount: simulation.limits.snapshotCount,
            snapshotIndex: parts.replica.snapshotIndex.rawValue, settings: settings, now: now)
    }

    deinit {
        state.bolt.close()
    }

    var replica: Replica { consensus.replica }

    /// The host's clock.
    var milliseconds: Int64 {
        host.clock.reading(at: simulation.now) / .millisecond
    }

    func isConnected(to member: Raft.MemberID) -> Bool {
        simulation.isConnected(host, to: member)
    }
}

/// Where answers of one member go: to the clients, with the number of the call as the token.
final class CallSink: ReplySink, @unchecked Sendable {
    // `@unchecked Sendable`: a simulation is one thread.
    private unowned let member: SimulatedMember

    init(_ member: SimulatedMember) { self.member = member }

    func deliver(_ replies: [Reply]) {
        for reply in replies { member.simulation.hear(reply, from: member) }
    }
}
