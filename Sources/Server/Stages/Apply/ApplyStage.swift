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
/// readers see an entry before its proposer is answered. While the database file cannot follow, or a
/// received state is being read, entries wait here - their bytes are bounded by what Raft hands
/// out - and everything else goes on: a lease is renewed however long the disk takes.
package struct ApplyStage {
    package let state: StateMachine
    /// Answers to be handed over at `deliverReplies`.
    package var replies = ReplyBatch()
    private let id: MemberID
    private let settings: MemberSettings
    private var waiters: ProposalWaiters
    private var readers: [(index: UInt64, addresses: [ReplyAddress])] = []
    private var physical: [(revision: Int64, address: ReplyAddress, outcome: ApplyOutcome)] = []
    private var progress: ApplyProgress
    private var reportedIndex: UInt64
    /// Bytes of entries applied since the consensus stage was last woken for it.
    private var unreportedBytes = 0
    /// For the headers of answers.
    private var term: UInt64 = 0
    /// Of the newest applied entry.
    private var appliedTerm: UInt64 = 0
    /// The term in which this member became leader last; the lease clocks are those of it.
    private var leadingTerm: UInt64 = 0
    private var nextLeaseCheck: Int64
    /// Entries and snapshots that are still to be applied, in order.
    private var waiting: [Waiting] = []
    private var installing: Snapshot?
    private var installBegan: Int64 = 0
    /// Inputs that came while a received state is being read.
    private var deferred: [ApplyInput] = []
    private var persist = PersistRequest.none
    var decoded = DecodedRequests()

    private enum Waiting {
        case entries(ArraySlice<Entry>)
        case snapshot(Snapshot)
    }

    /// What the backend was asked to write.
    private enum PersistRequest {
        case none
        case asked
        /// Entries wait for it.
        case awaited
    }

    /// How often ended leases are looked for; etcd's half second.
    private static let leaseCheckMilliseconds: Int64 = 500
    /// Revocations proposed at one look: etcd's thousand a second.
    private static let revokesPerCheck = 500
    /// Leases in one checkpoint entry, and such entries proposed at one look, as in etcd.
    private static let leasesPerCheckpoint = 1000
    private static let checkpointBatchesPerCheck = 500
    /// Applied bytes that are reported without waking anybody.
    private static let quietBytesMax = 1 << 20

    package init(_ state: StateMachine, id: MemberID, settings: MemberSettings, now: Int64) {
        self.state = state
        self.id = id
        self.settings = settings
        waiters = ProposalWaiters(timeoutMilliseconds: settings.requestTimeoutMilliseconds)
        progress = ApplyProgress(index: state.appliedIndex)
        reportedIndex = state.appliedIndex
        nextLeaseCheck = now + Self.leaseCheckMilliseconds
    }

    /// When a turn is due though nothing has come: monotonic milliseconds.
    package var deadline: Int64 { installing == nil ? nextLeaseCheck : .max }

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

    private mutating func take(
        _ input: ApplyInput, _ isConnected: (MemberID) -> Bool, _ observer: some ApplyObserver,
        _ groups: inout Int, into effects: inout [ApplyEffect]
    ) throws {
        if installing != nil {
            guard case .installed(let fresh) = input else { return deferred.append(input) }
            return try adopt(fresh.value, isConnected, observer, &groups, into: &effects)
        }
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
        case .installed: break
        case .persisted: persisted(into: &effects)
        case .refused(let id, let error): refuse(id, error, into: &effects)
        case .readable(let index, let addresses): release(index, addresses)
        case .role(let isLeader, let term): changeRole(isLeader: isLeader, term: term)
        case .work(let work, _): work(state)
        case .snapshot: requestSnapshot(into: &effects)
        case .compacted(let revision): finishCompactions(revision)
        }
    }

    /// What may take long is left to an unhurried turn: the clocks of leases, for which the owner
    /// wakes anyway.
    private mutating func finishTurn(
        _ surroundings: ApplySurroundings, into effects: inout [ApplyEffect]
    ) {
        if !readers.isEmpty { answerReaders() }
        if surroundings.isUnhurried, state.now >= nextLeaseCheck, installing == nil {
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

/// Entries.
extension ApplyStage {
    private mutating func applyWaiting(
        _ isConnected: (MemberID) -> Bool, _ observer: some ApplyObserver, _ groups: inout Int,
        into effects: inout [ApplyEffect]
    ) throws {
        while !isBlocked, let first = waiting.first {
            switch first {
            case .snapshot(let snapshot):
                waiting.removeFirst()
                install(snapshot, into: &effects)
            case .entries(let entries):
                guard groups > 0 else { return }
                groups -= 1
                let group = entries.prefix(settings.entriesPerGroup)
                if group.count == entries.count {
                    waiting.removeFirst()
                } else {
                    waiting[0] = .entries(entries[group.endIndex...])
                }
                try apply(group, isConnected, observer, into: &effects)
            }
        }
    }

    /// Applies a few entries under one hold of the store's lock. What they make necessary elsewhere
    /// is gathered, and done when the lock is free.
    private mutating func apply(
        _ entries: ArraySlice<Entry>, _ isConnected: (MemberID) -> Bool,
        _ observer: some ApplyObserver, into effects: inout [ApplyEffect]
    ) throws {
        var changes = GroupChanges()
        try state.applyBatch {
            for entry in entries {
                if entry.term.rawValue > appliedTerm {
                    beginTerm(entry.term.rawValue, isConnected, &effects)
                }
                try apply(entry, observer, &changes, into: &effects)
            }
        }
        effects.append(.applied(index: progress.index, entries: entries.count))
        if changes.isMembershipChanged { effects.append(.membershipChanged(state.membership)) }
        if changes.isAlarmChanged {
            effects.append(.spaceAlarm(isActive: state.alarms.isActive(.noSpace)))
        }
        if changes.raisesSpaceAlarm { effects.append(.raiseSpaceAlarm) }
        if changes.wantsSnapshot { requestSnapshot(into: &effects) }
        checkWriteBuffer(into: &effects)
    }

    private struct GroupChanges {
        var isMembershipChanged = false
        var isAlarmChanged = false
        var raisesSpaceAlarm = false
        var wantsSnapshot = false
    }

    private mutating func apply(
        _ entry: Entry, _ observer: some ApplyObserver, _ changes: inout GroupChanges,
        into effects: inout [ApplyEffect]
    ) throws {
        guard entry.index.rawValue <= progress.index + 1 else {
            throw EntryGap(applied: progress.index, next: entry.index.rawValue)
        }
        let applied = try state.apply(
            CommittedEntry(
                index: entry.index.rawValue, term: entry.term.rawValue,
                kind: CommittedEntry.Kind(entry.type), data: entry.data,
                request: decoded.take(entry.index)))
        progress.index = max(progress.index, entry.index.rawValue)
        unreportedBytes += entry.data.count
        if let change = applied.change {
            progress.configurationChanges.append(change)
            changes.isMembershipChanged = true
        }
        if let revision = applied.compaction { effects.append(.backend(.compact(revision))) }
        if applied.raisesSpaceAlarm { changes.raisesSpaceAlarm = true }
        if applied.wantsSnapshot { changes.wantsSnapshot = true }
        if case .alarm = applied.outcome.result { changes.isAlarmChanged = true }
        observer.applied(applied, entry)
        guard let address = waiters.take(applied.id) else { return }
        if applied.isPhysical, case .compaction(let revision) = applied.outcome.result {
            physical.append((revision, address, applied.outcome))
        } else {
            replies.add(.applied(applied.outcome), to: address, term: term)
        }
    }

    /// The first entry of a later term decides what went to an earlier leader.
    private mutating func beginTerm(
        _ term: UInt64, _ isConnected: (MemberID) -> Bool, _ effects: inout [ApplyEffect]
    ) {
        appliedTerm = term
        self.term = max(self.term, term)
        let decided = waiters.takeDecided(
            by: term, own: id, graceEnd: state.now + settings.electionMilliseconds,
            isConnected: isConnected)
        fail(decided, .timeoutDueToLeaderFailure, into: &effects)
    }

    private mutating func fail(
        _ addresses: [ReplyAddress], _ error: EtcdError, into effects: inout [ApplyEffect]
    ) {
        guard !addresses.isEmpty else { return }
        effects.append(.proposalsFailed(addresses.count))
        for address in addresses { replies.add(.failed(error), to: address, term: term) }
    }

    private mutating func requestSnapshot(into effects: inout [ApplyEffect]) {
        effects.append(.backend(.snapshot(state.snapshotRequest())))
    }

    private mutating func reportProgress(into effects: inout [ApplyEffect]) {
        guard progress.index > reportedIndex else { return }
        reportedIndex = progress.index
        // Little news can wait for what wakes the consensus stage next: only changes of membership
        // and room for more entries are waited for.
        let isQuiet = progress.configurationChanges.isEmpty && unreportedBytes < Self.quietBytesMax
        effects.append(.progress(progress, isQuiet: isQuiet))
        if !isQuiet { unreportedBytes = 0 }
        progress.configurationChanges.removeAll()
    }
}

/// The database file.
extension ApplyStage {
    /// Entries wait while the write buffer is too long for the file to follow.
    private mutating func checkWriteBuffer(into effects: inout [ApplyEffect]) {
        let pending = state.store.pendingSize
        if pending.bytes >= settings.overlayMaximumBytes {
            guard persist != .awaited else { return }
            persist = .awaited
            effects.append(.backend(.persist(isAwaited: true)))
        } else if pending.records >= settings.persistOperations, persist == .none {
            persist = .asked
            effects.append(.backend(.persist(isAwaited: false)))
        }
    }

    private mutating func persisted(into effects: inout [ApplyEffect]) {
        persist = .none
        checkWriteBuffer(into: &effects)
    }

    /// The backend puts the received database in the place of the present one. Nothing can be
    /// applied meanwhile.
    private mutating func install(_ snapshot: Snapshot, into effects: inout [ApplyEffect]) {
        let index = snapshot.index.rawValue
        guard index > progress.index else { return }
        installing = snapshot
        installBegan = state.now
        effects.append(.backend(.install(snapshot)))
    }

    private mutating func adopt(
        _ fresh: StateMachine, _ isConnected: (MemberID) -> Bool, _ observer: some ApplyObserver,
        _ groups: inout Int, into effects: inout [ApplyEffect]
    ) throws {
        guard let snapshot = installing else { return }
        installing = nil
        let index = snapshot.index.rawValue
        state.adopt(fresh, through: index, term: snapshot.term.rawValue, tree: snapshot.data)
        progress.index = index
        unreportedBytes = Self.quietBytesMax
        effects.append(.applied(index: index, entries: 0))
        if snapshot.term.rawValue > appliedTerm {
            beginTerm(snapshot.term.rawValue, isConnected, &effects)
        }
        effects.append(.spaceAlarm(isActive: state.alarms.isActive(.noSpace)))
        effects.append(.membershipChanged(state.membership))
        effects.append(.wakeWatchers)
        finishCompactions(.max)
        effects.append(
            .snapshotInstalled(
                index: index, revision: state.store.newestRevision,
                milliseconds: state.now - installBegan))
        let inputs = deferred
        deferred = []
        for input in inputs { try take(input, isConnected, observer, &groups, into: &effects) }
    }

    private mutating func finishCompactions(_ revision: Int64) {
        physical.removeAll { waiting in
            guard waiting.revision <= revision else { return false }
            replies.add(.applied(waiting.outcome), to: waiting.address, term: term)
            return true
        }
    }
}

/// Reads, refusals and leases.
extension ApplyStage {
    private mutating func refuse(
        _ id: UInt64, _ error: EtcdError?, into effects: inout [ApplyEffect]
    ) {
        guard let error, let address = waiters.take(id) else { return }
        fail([address], error, into: &effects)
    }

    private mutating func release(_ index: UInt64, _ addresses: [ReplyAddress]) {
        guard index <= progress.index else { return readers.append((index, addresses)) }
        for address in addresses { replies.add(.readable, to: address, term: term) }
    }

    private mutating func answerReaders() {
        let waiting = readers
        readers.removeAll()
        for (index, addresses) in waiting { release(index, addresses) }
    }

    private mutating func changeRole(isLeader: Bool, term: UInt64) {
        self.term = max(self.term, term)
        if isLeader {
            leadingTerm = term
            state.lessor.promote(
                extensionMilliseconds: settings.electionMilliseconds, now: state.now)
        } else {
            state.lessor.demote()
        }
    }

    private mutating func checkClocks(into effects: inout [ApplyEffect]) {
        nextLeaseCheck = state.now + Self.leaseCheckMilliseconds
        for id in state.lessor.takeExpired(limit: Self.revokesPerCheck, now: state.now) {
            effects.append(.revoke(id, asLeaderOf: leadingTerm))
        }
        proposeCheckpoints(into: &effects)
        for (address, error) in waiters.takeExpired(state.now) {
            fail([address], error, into: &effects)
        }
    }

    private mutating func proposeCheckpoints(into effects: inout [ApplyEffect]) {
        for _ in 0..<Self.checkpointBatchesPerCheck {
            let due = state.lessor.takeCheckpoints(limit: Self.leasesPerCheckpoint, now: state.now)
            guard !due.isEmpty else { return }
            let checkpoints = due.map {
                LeaseCheckpoint(id: $0.id, remainingSeconds: $0.remainingSeconds)
            }
            effects.append(.checkpoint(checkpoints, asLeaderOf: leadingTerm))
        }
    }
}

extension ApplyInput {
    /// Who waits for what comes of it.
    fileprivate var addresses: [ReplyAddress] {
        switch self {
        case .expect(let registrations, _): registrations.map(\.address)
        case .readable(_, let addresses): addresses
        default: []
        }
    }
}

/// Entries were given out in the wrong order: going on would skip some.
struct EntryGap: Error, CustomStringConvertible {
    let applied: UInt64
    let next: UInt64

    var description: String { "entry \(next) came behind entry \(applied)" }
}

extension CommittedEntry.Kind {
    package init(_ type: EntryType) {
        switch type {
        case .normal: self = .request
        case .confChange: self = .memberChange
        case .confChangeV2: self = .generalChange
        }
    }
}
