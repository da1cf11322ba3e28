import Bolt
import Disk
import EtcdAPI
import MVCC
import Membership
import Raft
import Replica
import StateMachine
import WriteAheadLog

/// One member between a start and its end: the production parts, and the queues between them.
///
/// It does what the server's threads do, one indivisible effect at a time, each an event of the
/// simulation: so a crash can come between any two, and whatever two threads may do in either
/// order happens in either order. Queues hold what is posted quietly until something else wakes
/// their lane, as the server's do.
final class SimulatedMember {
    unowned let host: Host
    let run: Int
    let id: Raft.MemberID
    unowned let simulation: Simulation
    var replica: Replica
    /// How the replica stands since its last turn.
    private(set) var standing: Standing
    let state: StateMachine
    let log: WriteAheadLog
    let snapshots: SnapshotStore
    var isAwake = [Bool](repeating: false, count: 4)

    // Consensus lane.
    var inputs: [ConsensusInput] = []
    var effects = ReplicaEffects()
    var proposals: [NumberedProposal] = []
    var leaderProposals: [(term: UInt64, proposal: NumberedProposal)] = []
    /// Calls that wait for one read round, by its ticket.
    var readers: [ReadTicket: Reader] = [:]
    var nextTicket: ReadTicket = 0
    var retries: [ReadTicket] = []
    var held: [(proposals: [NumberedProposal], deadline: Int64)] = []
    var nextTick: Int64
    var advancesElection = true
    let firstRequest: UInt64

    struct Reader {
        var calls: [CallNumber]
        let deadline: Int64
    }

    // Log lane.
    var logInputs: [LogInput] = []
    var logTurn = LogTurn()

    // Apply lane.
    var applyInputs: [ApplyInput] = []
    var waiters: [UInt64: (call: CallNumber, deadline: Int64)] = [:]
    var waitingReads: [(index: UInt64, calls: [CallNumber])] = []
    var progress: ApplyProgress
    var reportedIndex: UInt64
    var nextLeaseCheck: Int64
    /// Set while the backend puts a received state in the place of the present one.
    var isInstalling = false
    var leadingTerm: UInt64 = 0

    // Backend lane.
    var backendSteps: [BackendStep] = []
    var overlay: PendingBatch?
    var received: StateMachine?
    var nextPersist: Int64 = 0
    var isCompacting = true
    var nextCompactionStep: Int64 = 0
    var isDefragmenting = false
    var defragmentation: BoltDefragmentation?

    /// Snapshots of its own that are not noted yet.
    var ownSnapshots = 0

    // What the judges have seen of it.
    /// When each host was last heard, by its number.
    var heardAt: [Int: Nanoseconds] = [:]
    /// Since when it leads with the voters that there are now.
    var leadsSince: Nanoseconds = 0
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
        id = parts.replica.id
        replica = parts.replica
        standing = Standing(&replica)
        state = parts.state
        log = parts.log
        snapshots = parts.snapshots
        progress = ApplyProgress(index: parts.state.appliedIndex)
        reportedIndex = parts.state.appliedIndex
        seenCommit = parts.replica.committedIndex
        seenLast = parts.replica.lastIndex
        firstRequest = UInt64(host.number + 1) << 48
        nextTick = 0
        nextLeaseCheck = 0
        nextTick = milliseconds + host.tickMilliseconds
        nextLeaseCheck = milliseconds + Self.leaseCheckMilliseconds
    }

    deinit {
        state.bolt.close()
    }

    /// Looks at the replica at the end of a turn.
    func look() { standing = Standing(&replica) }

    /// The host's clock.
    var milliseconds: Int64 {
        host.clock.reading(at: simulation.now) / .millisecond
    }

    static let leaseCheckMilliseconds: Int64 = 500
    static let requestTimeoutMilliseconds: Int64 = 7_000
    static let electionMilliseconds: Int64 = 1_000

    /// Has a lane look at its queue soon, unless it is about to.
    func wake(_ lane: Lane) {
        guard !isAwake[lane.rawValue] else { return }
        isAwake[lane.rawValue] = true
        let delay = simulation.timing.duration(2 * .microsecond...60 * .microsecond)
        simulation.schedule(.lane(lane, host: host.number, run: run), after: delay)
    }

    /// A lane's next indivisible effect; what it takes decides when the one after it comes.
    func work(_ lane: Lane) throws {
        let pause: Nanoseconds? =
            switch lane {
            case .consensus: try workOnConsensus()
            case .log: try workOnLog()
            case .apply: try workOnApply()
            case .backend: try workOnBackend()
            }
        guard let pause else {
            isAwake[lane.rawValue] = false
            return
        }
        simulation.schedule(.lane(lane, host: host.number, run: run), after: pause)
    }

    func post(_ input: ConsensusInput) {
        inputs.append(input)
        wake(.consensus)
    }

    func postQuietly(_ input: ReplicaInput) { inputs.append(.input(input)) }

    func post(_ input: ApplyInput) {
        applyInputs.append(input)
        wake(.apply)
    }

    func post(_ steps: [BackendStep]) {
        backendSteps.append(contentsOf: steps)
        wake(.backend)
    }

    /// A number for a request, never given twice by its member.
    func takeRequestNumber() -> UInt64 {
        defer { host.nextRequest += 1 }
        return firstRequest | host.nextRequest
    }

    /// The calls that this member owes an answer, in the order of their numbers.
    var openCalls: [CallNumber] {
        var calls = waiters.values.map(\.call)
        for reader in readers.values { calls += reader.calls }
        for waiting in waitingReads { calls += waiting.calls }
        for input in inputs {
            switch input {
            case .propose(_, _, let call?): calls.append(call)
            case .read(let call), .changeMembership(_, _, _, let call): calls.append(call)
            default: break
            }
        }
        for case .readable(_, let waiting) in applyInputs { calls += waiting }
        return calls.sorted()
    }
}

/// What is asked about a replica again and again: to ask a value that is a property of an object
/// copies the whole of it each time.
struct Standing {
    let role: RoleName
    let term: Term
    let leader: Raft.MemberID?
    let committedIndex: LogIndex

    init(_ replica: inout Replica) {
        role = replica.role
        term = replica.term
        leader = replica.leader
        committedIndex = replica.committedIndex
    }
}
