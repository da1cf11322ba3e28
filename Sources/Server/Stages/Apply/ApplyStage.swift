import DequeModule
import EtcdAPI
import Lease
import MVCC
package import Raft
import Replica
package import StateMachine

/// The apply stage of a member: applies committed entries and answers whoever waits for them.
///
/// What it is: the only writer of the state machine, with the waiting proposals and reads and the
/// clocks of leases. It makes no call out but to its observer: time and connections are handed in,
/// effects come out.
///
/// Guarantees: entries are applied in order, each once, without a gap; a proposal is answered once;
/// readers see an entry before its proposer is answered. While the database file cannot follow,
/// entries wait here - their bytes are bounded by what Raft hands out - and everything else goes on:
/// a lease is renewed however long the disk takes. While a received state is being read, whatever
/// looks at the state waits for it as well; proposals are registered, refused and timed out as ever.
package struct ApplyStage {
    package let state: StateMachine
    /// Answers to be handed over at `deliverReplies`.
    package var replies = ReplyBatch()
    let id: MemberID
    let settings: MemberSettings
    var waiters: ProposalWaiters
    var readers: [(index: UInt64, addresses: [ReplyAddress])] = []
    var physical: [(revision: Int64, address: ReplyAddress, outcome: ApplyOutcome)] = []
    var progress: ApplyProgress
    var reportedIndex: UInt64
    /// Bytes of entries applied since the consensus stage was last woken for it.
    var unreportedBytes = 0
    /// For the headers of answers.
    var term: UInt64 = 0
    /// Of the newest applied entry.
    var appliedTerm: UInt64 = 0
    /// The term in which this member leads; nil while it does not.
    var leadingTerm: UInt64?
    /// The term in which the clocks of leases were started last.
    package internal(set) var promotedTerm: UInt64 = 0
    var nextLeaseCheck: Int64
    /// Entries and snapshots that are still to be applied, in order.
    var waiting: Deque<Waiting> = []
    var installing: Snapshot?
    var installBegan: Int64 = 0
    /// Inputs that came while a received state is being read.
    var deferred: [ApplyInput] = []
    var persist = PersistRequest.none
    /// Index of the newest snapshot that was asked for.
    var snapshotIndex: UInt64
    let snapshotCount: UInt64
    /// Snapshots that were asked for and are not durable yet.
    var unsavedSnapshots = 0
    var decoded = DecodedRequests()

    enum Waiting {
        case entries(ArraySlice<Entry>)
        case snapshot(Snapshot)
    }

    /// What the backend was asked to write.
    enum PersistRequest {
        case none
        case asked
        /// Entries wait for it.
        case awaited
    }

    /// How often ended leases are looked for; etcd's half second.
    static let leaseCheckMilliseconds: Int64 = 500

    /// - Parameters:
    ///   - snapshotIndex: where the newest durable snapshot stands; zero without one.
    ///   - snapshotCount: entries after which the next one is due.
    package init(
        _ state: StateMachine, id: MemberID, snapshotIndex: UInt64, snapshotCount: Int,
        settings: MemberSettings, now: Int64
    ) {
        self.snapshotIndex = snapshotIndex
        self.snapshotCount = UInt64(max(snapshotCount, 0))
        self.state = state
        self.id = id
        self.settings = settings
        waiters = ProposalWaiters(timeoutMilliseconds: settings.requestTimeoutMilliseconds)
        progress = ApplyProgress(index: state.appliedIndex)
        reportedIndex = state.appliedIndex
        nextLeaseCheck = now + Self.leaseCheckMilliseconds
    }

    /// When a turn is due though nothing has come: monotonic milliseconds.
    package var deadline: Int64 { nextLeaseCheck }

    /// Index of the last applied entry.
    package var appliedIndex: UInt64 { progress.index }

    /// Proposals that wait for their outcome.
    package var pendingProposals: Int { waiters.count }

    /// Whether another turn has something to do though nothing has come.
    package var hasWork: Bool { !waiting.isEmpty && !isBlocked }

    /// Whether entries have to wait.
    package var isBlocked: Bool { persist == .awaited || installing != nil }

    /// Takes inputs and appends what is to be done to `effects`.
    ///
    /// - Parameter isConnected: whether messages to this member have a way now.
    package mutating func turn(
        _ inputs: [ApplyInput], _ surroundings: ApplySurroundings,
        isConnected: (MemberID) -> Bool, observer: some ApplyObserver,
        into effects: inout [ApplyEffect]
    ) throws {
        state.now = surroundings.now
        var groups = settings.groupsPerTurn
        for input in inputs {
            try take(input, isConnected, observer, &groups, into: &effects)
        }
        try applyWaiting(isConnected, observer, &groups, into: &effects)
        finishTurn(surroundings, into: &effects)
    }

    mutating func take(
        _ input: ApplyInput, _ isConnected: (MemberID) -> Bool, _ observer: some ApplyObserver,
        _ groups: inout Int, into effects: inout [ApplyEffect]
    ) throws {
        if installing != nil, input.isOfState { return deferred.append(input) }
        switch input {
        case .expect(let registrations, let batch): waiters.add(registrations, batch)
        case .sent(let batch, let sent): waiters.markSent(batch, sent)
        case .leaderConnectionLost(let time): waiters.noteConnectionLost(at: time)
        case .entries(let entries):
            waiting.append(.entries(entries[...]))
            try applyWaiting(isConnected, observer, &groups, into: &effects)
        case .install(let snapshot):
            waiting.append(.snapshot(snapshot))
            try applyWaiting(isConnected, observer, &groups, into: &effects)
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

    /// What may take long is left to an unhurried turn: the clocks of leases, for which the owner
    /// wakes anyway.
    mutating func finishTurn(
        _ surroundings: ApplySurroundings, into effects: inout [ApplyEffect]
    ) {
        if !readers.isEmpty { answerReaders() }
        if surroundings.isUnhurried, state.now >= nextLeaseCheck {
            checkClocks(into: &effects)
        }
        guard !hasWork else { return }
        // Whoever hears of a change of the membership may ask for the next one at once.
        if !progress.configurationChanges.isEmpty { reportProgress(into: &effects) }
        if !replies.isEmpty { effects.append(.deliverReplies) }
        reportProgress(into: &effects)
    }

    /// Ends whatever waits.
    package mutating func finish(into effects: inout [ApplyEffect]) {
        for address in waiters.takeAll() + readers.flatMap(\.addresses) {
            replies.add(.failed(.stopped), to: address, term: term)
        }
        for waiting in physical { replies.add(.failed(.stopped), to: waiting.address, term: term) }
        for address in deferred.flatMap(\.addresses) {
            replies.add(.failed(.stopped), to: address, term: term)
        }
        effects.append(.deliverReplies)
    }
}
