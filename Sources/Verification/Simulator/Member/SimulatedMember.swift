import Auth
import Bolt
import Disk
import EtcdAPI
import Identifiers
import MVCC
import MonotonicClock
import Raft
import Replica
import Stages
import StateMachine
import WriteAheadLog

/// One member from a start to its end: the stages that the server runs, and the queues between
/// them.
///
/// It does what the server's threads do, one indivisible piece at a time, each an event of the
/// simulation: so a crash can come between any two pieces, and pieces of two threads run in either
/// order. The seed decides whether a batch of the consensus or the apply stage is run by its
/// dedicated thread or inline by the caller. The rest is routing of effects, faults, and mutants,
/// which alter what is routed.
final class SimulatedMember {
    unowned let host: Host
    let run: Int
    let id: MemberID
    unowned let simulation: Simulation
    let configuration: MemberConfiguration
    let status: PublishedStatus
    let admission: Admission
    let state: StateMachine
    let log: WriteAheadLog
    let snapshots: SnapshotStore
    private(set) lazy var receiver = CallReceiver(self)

    var consensus: ConsensusStage
    var logStage: LogStage
    var apply: ApplyStage
    var backend: BackendStage
    var consensusQueue = StageQueue<ConsensusInput>()
    var logQueue = StageQueue<LogInput>()
    var applyQueue = StageQueue<ApplyInput>()
    var backendQueue = StageQueue<BackendInput>()
    /// The error of a run within another one: the member cannot go on.
    var failure: (any Error)?

    /// The summary of the replica after its last run.
    var summary: ReplicaSummary
    /// Calls that wait for a completion from this member, and those of them that wait for a read.
    var openCalls: Set<CallNumber> = []
    var openReads: Set<CallNumber> = []
    /// Renewals that wait for the next tick of their event loop.
    var renewals: [WaitingRenewal] = []
    /// Whether the disk is synchronizing the log.
    var isSynchronizing = false
    /// Whether a part of the log's next segment is prepared.
    var isPreparingSegment = false
    /// The slow read of one client.
    var slowRead: SlowRead?
    /// Writes that were appended and not yet reported, for the mutants that report early.
    var appended = UnreportedAppends()
    /// Since when the log has completed none of the writes that it has to make durable; nil while
    /// there are none.
    var logWaitsSince: VirtualTime?
    /// The newest write that was reported durable, and the newest that has to become durable.
    var newestWritten: WriteNumber?
    var newestWanted: WriteNumber?
    /// Index of the last applied entry, also in the midst of a run.
    var applied: LogIndex
    /// Entries of the current run that were not checked yet.
    var unchecked: [AppliedItem] = []
    /// Set while the backend installs a received state.
    var isInstalling = false
    /// Index of the received state from when the store has it until the apply stage has it too.
    var storeIndex: LogIndex?
    /// The term in which this member last became leader.
    var leadingTerm: Term = .zero
    /// The revision of the store when its write buffer was last taken, and whether that held keys.
    var takenRevision: Revision = 0
    var isTakenWithKeys = false
    /// Snapshots of its own that are not recorded yet.
    var ownSnapshots = 0

    /// The users whose fingerprint was taken last, and those before a received state.
    private var fingerprinted: (users: AuthSnapshot, value: UInt64)?
    var formerUsers: AuthSnapshot?
    /// The users that were compared last with those of the log.
    var checkedUsers: AuthSnapshot?

    // State of the checkers.
    /// When each host was last heard from, by host number.
    var heardAt: [Int: VirtualTime] = [:]
    /// Since when it leads with the current voters.
    var leadsSince: VirtualTime = .zero
    /// When its consensus stage ran last, and since when it has run without a long gap.
    var lastRunAt: VirtualTime = .zero
    var awakeSince: VirtualTime = .zero
    /// Whether a leader asked it to campaign.
    var isAskedToCampaign = false
    var seenCommit: LogIndex
    var seenLast: LogIndex
    var seenRole = RoleName.follower
    var seenTerm = Term.zero

    init(host: Host, run: Int, restored: RestoredMember, simulation: Simulation) {
        self.host = host
        self.run = run
        self.simulation = simulation
        let now = host.clockTime(at: simulation.now)
        id = restored.replica.id
        var configuration = simulation.limits.configuration(of: host)
        configuration.buildsUnawaitedResponses = simulation.buildsAllResponses(of: host, run: run)
        self.configuration = configuration
        status = PublishedStatus(
            id: id, state: restored.state, configuration: configuration, now: now)
        admission = Admission(
            configuration: configuration, status: status, quota: simulation.limits.quota,
            store: restored.state.store,
            firstRequestID: UInt64(host.number + 1) << 48 | UInt64(run) << 32,
            alarms: restored.state.alarms)
        summary = ReplicaSummary(restored.replica)
        seenCommit = restored.replica.committedIndex
        seenLast = restored.replica.lastIndex
        state = restored.state
        log = restored.log
        snapshots = restored.snapshots
        applied = restored.state.appliedIndex
        consensus = ConsensusStage(restored.replica, configuration: configuration, now: now)
        logStage = LogStage(
            log: restored.log, snapshots: restored.snapshots, configuration: configuration)
        apply = ApplyStage(
            restored.state, id: id, snapshotIndex: restored.replica.snapshotIndex,
            snapshotCount: simulation.limits.snapshotCount, configuration: configuration, now: now)
        backend = BackendStage(
            restored.state, snapshots: restored.snapshots,
            snapshotCount: simulation.limits.snapshotCount,
            snapshotIndex: restored.replica.snapshotIndex, configuration: configuration,
            now: now)
    }

    deinit {
        state.bolt.close()
    }

    /// A fingerprint of users, roles, and whether authentication is enabled.
    func usersFingerprint() -> UInt64 {
        let users = state.auth.snapshot
        if let fingerprinted, fingerprinted.users === users { return fingerprinted.value }
        let value = users.fingerprint
        fingerprinted = (users, value)
        return value
    }

    var replica: Replica { consensus.replica }

    /// The reading of the host's clock, in whole milliseconds.
    var clockTime: MonotonicTime { host.clockTime(at: simulation.now) }

    func isConnected(to member: MemberID) -> Bool {
        simulation.isConnected(host, to: member)
    }
}

/// Routes the completions of one member to the clients; the token is the number of the call.
final class CallReceiver: CompletionReceiver, @unchecked Sendable {
    // `@unchecked Sendable`: a simulation is one thread.
    private unowned let member: SimulatedMember

    init(_ member: SimulatedMember) { self.member = member }

    func deliver(_ completions: [Completion]) {
        for completion in completions { member.simulation.receive(completion, from: member) }
    }
}

extension AuthSnapshot {
    fileprivate var fingerprint: UInt64 {
        var trace = Trace()
        trace.add(isEnabled ? 1 : 0)
        trace.add(revision)
        for user in users.values.sorted(by: { $0.name < $1.name }) { trace.add(user.encoded()) }
        for role in roles.values.sorted(by: { $0.name < $1.name }) { trace.add(role.encoded()) }
        return trace.value
    }
}
