import DequeModule
import EtcdAPI
package import Identifiers
import Lease
import MVCC
package import MonotonicClock
package import Raft
import Replica
package import StateMachine

/// The apply stage of a member: applies committed entries and completes the requests that wait for
/// them.
///
/// What it is: the only writer of the state machine, with the waiting proposals and reads and the
/// clocks of leases. It calls nothing but its observer: time and connections are passed in, effects
/// are returned.
///
/// Guarantees: entries are applied in order, each once, without a gap; a proposal completes once;
/// readers see an entry before its proposal completes. While the database file cannot keep up,
/// entries wait here - their bytes are bounded by Raft's limit on unapplied entries - and
/// everything else continues: leases are renewed however long the disk takes. While a received
/// state is being read, every input that accesses the state waits for it as well; proposals are
/// still registered, refused and timed out.
package struct ApplyStage {
    package let state: StateMachine
    /// Completions to be delivered at `deliverCompletions`.
    package var completions = CompletionBatch()
    let id: MemberID
    let configuration: MemberConfiguration
    var waiters: ProposalWaiters
    var readers: [(index: LogIndex, addresses: [CompletionAddress])] = []
    var physicalCompactions:
        [(revision: Revision, address: CompletionAddress, response: ApplyResponse)] = []
    var progress: ApplyProgress
    var reportedIndex: LogIndex
    /// Bytes of entries applied since the consensus stage was last woken for progress.
    var unreportedBytes = 0
    /// For response headers.
    var term: Term = .zero
    /// Term of the newest applied entry.
    var appliedTerm: Term = .zero
    /// The term in which this member leads; nil while it does not.
    var leadingTerm: Term?
    /// The term in which the clocks of leases were last started.
    package internal(set) var promotedTerm: Term = .zero
    var nextLeaseCheck: MonotonicTime
    /// When the next expired leases are revoked, if some are left before the next check.
    var nextRevocation = MonotonicTime.distantFuture
    /// Entries and snapshots that are not applied yet, in order.
    var pending: Deque<Pending> = []
    var installing: Snapshot?
    var installBegan: MonotonicTime = .zero
    /// Inputs that came while a received state is being read.
    var deferred: [ApplyInput] = []
    var persist = PersistRequest.none
    /// Whether the database was full while this member's NOSPACE alarm was active.
    var hasBeenFull: Bool
    /// Index of the newest requested snapshot.
    var snapshotIndex: LogIndex
    let snapshotCount: Int
    /// Requested snapshots that are not durable yet.
    var unsavedSnapshots = 0
    var decoded = DecodedRequests()

    enum Pending {
        case entries(ArraySlice<Entry>)
        case snapshot(Snapshot)
    }

    /// What the backend has been requested to write.
    enum PersistRequest {
        case none
        case requested
        /// Entries wait for it.
        case awaited
    }

    /// How often expired leases are searched; etcd's half second.
    static let leaseCheckInterval = TimeSpan.milliseconds(500)

    /// - Parameters:
    ///   - snapshotIndex: index of the newest durable snapshot; zero without one.
    ///   - snapshotCount: entries after which the next one is due.
    package init(
        _ state: StateMachine, id: MemberID, snapshotIndex: LogIndex, snapshotCount: Int,
        configuration: MemberConfiguration, now: MonotonicTime
    ) {
        self.snapshotIndex = snapshotIndex
        self.snapshotCount = max(snapshotCount, 0)
        self.state = state
        self.id = id
        self.configuration = configuration
        hasBeenFull = state.countedBytesOfAlarm != nil
        waiters = ProposalWaiters(timeout: configuration.requestTimeout)
        progress = ApplyProgress(index: state.appliedIndex)
        reportedIndex = state.appliedIndex
        nextLeaseCheck = now + Self.leaseCheckInterval
    }

    /// When a run is due without any input.
    package var deadline: MonotonicTime { min(nextLeaseCheck, nextRevocation) }

    /// Index of the last applied entry.
    package var appliedIndex: LogIndex { progress.index }

    /// Proposals that wait for their response.
    package var pendingProposals: Int { waiters.count }

    /// Whether another run has work without any input.
    package var hasWork: Bool { !pending.isEmpty && !isBlocked }

    /// Whether entries have to wait.
    package var isBlocked: Bool { persist == .awaited || installing != nil }

    /// Takes inputs and appends effects.
    ///
    /// - Parameter isConnected: whether there is a connection to this member now.
    package mutating func run(
        _ inputs: [ApplyInput], _ context: ApplyContext,
        isConnected: (MemberID) -> Bool, observer: some ApplyObserver,
        into effects: inout [ApplyEffect]
    ) throws {
        state.now = context.now
        var groups = configuration.groupsPerRun
        for input in inputs {
            try take(input, isConnected, observer, &groups, into: &effects)
        }
        try applyPending(isConnected, observer, &groups, into: &effects)
        finishRun(context, into: &effects)
    }

    mutating func take(
        _ input: ApplyInput, _ isConnected: (MemberID) -> Bool, _ observer: some ApplyObserver,
        _ groups: inout Int, into effects: inout [ApplyEffect]
    ) throws {
        if installing != nil, input.isOfState { return deferred.append(input) }
        switch input {
        case .register(let registrations, let batch): waiters.add(registrations, batch)
        case .sent(let batch, let sent): waiters.markSent(batch, sent)
        case .leaderConnectionLost(let time): waiters.recordConnectionLost(at: time)
        case .entries(let entries):
            pending.append(.entries(entries[...]))
            try applyPending(isConnected, observer, &groups, into: &effects)
        case .install(let snapshot):
            pending.append(.snapshot(snapshot))
            try applyPending(isConnected, observer, &groups, into: &effects)
        case .installed(let fresh):
            try adopt(fresh.value, isConnected, observer, &groups, into: &effects)
        case .persisted: persisted(into: &effects)
        case .refused(let id, let error): refuse(id, error, into: &effects)
        case .readable(let index, let addresses): release(index, addresses)
        case .role(let isLeader, let term): changeRole(isLeader: isLeader, term: term)
        case .work(let work, _): work(state)
        case .snapshotSaved: unsavedSnapshots = max(0, unsavedSnapshots - 1)
        case .compacted(let revision): finishCompactions(revision)
        }
    }

    /// Lease clocks are checked only on the dedicated thread, which wakes for them anyway: the
    /// check may take long.
    mutating func finishRun(
        _ context: ApplyContext, into effects: inout [ApplyEffect]
    ) {
        if !readers.isEmpty { releaseReaders() }
        if context.allowsLongWork, state.now >= deadline { checkDueClocks(into: &effects) }
        guard !hasWork else { return }
        // A client that sees a change of the membership may request the next one at once.
        if !progress.configurationChanges.isEmpty { reportProgress(into: &effects) }
        if !completions.isEmpty { effects.append(.deliverCompletions) }
        reportProgress(into: &effects)
    }

    /// Fails everything that waits.
    package mutating func finish(into effects: inout [ApplyEffect]) {
        for address in waiters.takeAll() + readers.flatMap(\.addresses) {
            completions.add(.failed(.stopped), to: address, term: term)
        }
        for waiting in physicalCompactions {
            completions.add(.failed(.stopped), to: waiting.address, term: term)
        }
        for address in deferred.flatMap(\.addresses) {
            completions.add(.failed(.stopped), to: address, term: term)
        }
        effects.append(.deliverCompletions)
    }
}
