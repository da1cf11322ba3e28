import EtcdAPI
import Lease
import Raft
import Replica
import StateMachine

/// A proposal somebody waits for.
struct Registration: Sendable {
    let id: UInt64
    let address: ReplyAddress
}

/// What reaches the apply thread.
enum ApplyMessage: Sendable {
    /// Answers for these proposals are wanted, up to the deadline.
    case expect([Registration], deadline: Int64)
    case entries([Entry])
    /// A leader's snapshot is durable: it replaces the state.
    case install(Snapshot)
    /// A proposal was not taken; nil means that it may still come through, so its waiter stays.
    case refused(id: UInt64, error: EtcdError?)
    case readable(index: UInt64, [ReplyAddress])
    case role(isLeader: Bool, term: UInt64)
    /// `isBrief`: it takes microseconds.
    case work(StateWork, isBrief: Bool)
    /// A snapshot of the state is due.
    case snapshot(atLeast: UInt64)
    /// The database holds no more of what was compacted up to this revision.
    case compacted(revision: Int64)
}

/// Applies committed entries and answers whoever waits for them.
///
/// Owned by who has the turn: the state machine (as the only writer), the waiting proposals and
/// reads, the lease clocks. Guests apply what is small; see `ApplyThread+Guests`.
final class ApplyThread: TurnTaker {
    let runtime: ReplicaRuntime
    private let state: StateMachine
    private var replies = ReplyBatch()
    private var waiters = ProposalWaiters()
    private var readers: [(index: UInt64, addresses: [ReplyAddress])] = []
    private var physical: [(revision: Int64, address: ReplyAddress, outcome: ApplyOutcome)] = []
    private var progress: ApplyProgress
    private var reportedIndex: UInt64
    /// Bytes of entries applied since the consensus thread was last woken for it.
    private var unreportedBytes = 0
    private var term: UInt64 = 0
    /// The term in which this member became leader last; the lease clocks are those of it.
    private var leadingTerm: UInt64 = 0
    private var nextLeaseCheck: Int64

    /// How often ended leases are looked for; etcd's half second.
    private static let leaseCheckMilliseconds: Int64 = 500
    /// Revocations proposed at one look: etcd's thousand a second.
    private static let revokesPerCheck = 500
    /// Leases in one checkpoint entry, and such entries proposed at one look, as in etcd.
    private static let leasesPerCheckpoint = 1000
    private static let checkpointBatchesPerCheck = 500

    init(runtime: ReplicaRuntime, state: StateMachine) {
        self.runtime = runtime
        self.state = state
        progress = ApplyProgress(index: state.appliedIndex)
        reportedIndex = state.appliedIndex
        nextLeaseCheck = monotonicMilliseconds() + Self.leaseCheckMilliseconds
        runtime.noteRole(isLearner: state.membership.local?.isLearner)
    }

    var deadline: Int64 { nextLeaseCheck }

    func turn(_ batch: [ApplyMessage], by runner: TurnRunner) -> TurnEnd {
        state.now = monotonicMilliseconds()
        do {
            for message in batch { try handle(message) }
        } catch {
            runtime.fail("a committed entry cannot be applied: \(error)")
            return .broken
        }
        return finishTurn(by: runner)
    }

    private func handle(_ message: ApplyMessage) throws {
        switch message {
        case .expect(let registrations, let deadline): waiters.add(registrations, deadline)
        case .entries(let entries): try apply(entries)
        case .install(let snapshot): try install(snapshot)
        case .refused(let id, let error): refuse(id, error)
        case .readable(let index, let addresses): release(index, addresses)
        case .role(let isLeader, let term): changeRole(isLeader: isLeader, term: term)
        case .work(let work, _): work(StateAccess(state: state, status: runtime.status))
        case .snapshot(let index): requestSnapshot(index)
        case .compacted(let revision): finishCompactions(revision)
        }
    }

    /// Applied bytes that are told without waking anybody.
    private static let quietBytesMax = 1 << 20

    /// Readers wait while a group of entries is applied, so a group is short.
    private static let entriesPerGroup = 64

    private func apply(_ entries: [Entry]) throws {
        let started = monotonicNanoseconds()
        for start in stride(from: 0, to: entries.count, by: Self.entriesPerGroup) {
            let group = entries[start..<min(start + Self.entriesPerGroup, entries.count)]
            try state.applyBatch {
                for entry in group { try apply(entry) }
            }
        }
        runtime.observer.applied(
            entries: entries.count, nanoseconds: monotonicNanoseconds() - started)
        runtime.noteApplied(index: progress.index)
    }

    private func apply(_ entry: Entry) throws {
        guard entry.index.rawValue <= progress.index + 1 else {
            throw EntryGap(applied: progress.index, next: entry.index.rawValue)
        }
        let applied = try state.apply(
            CommittedEntry(
                index: entry.index.rawValue, term: entry.term.rawValue,
                kind: CommittedEntry.Kind(entry.type), data: entry.data))
        term = max(term, entry.term.rawValue)
        progress.index = entry.index.rawValue
        unreportedBytes += entry.data.count
        if let change = applied.change {
            progress.configurationChanges.append(change)
            tellMembership()
        }
        if let revision = applied.compaction { runtime.backend.post(.compact(revision)) }
        if applied.raisesSpaceAlarm { runtime.proposeSpaceAlarm() }
        if applied.wantsSnapshot { requestSnapshot(entry.index.rawValue) }
        if case .alarm = applied.outcome.result {
            runtime.noteAlarms(isSpaceAlarmActive: state.alarms.isActive(.noSpace))
        }
        runtime.observer.applied(applied.operation, applied.outcome, entry: entry.data)
        guard let address = waiters.take(applied.id) else { return }
        if applied.isPhysical, case .compaction(let revision) = applied.outcome.result {
            physical.append((revision, address, applied.outcome))
        } else {
            replies.add(.applied(applied.outcome), to: address, term: term)
        }
    }

    private func tellMembership() {
        runtime.noteRole(isLearner: state.membership.local?.isLearner)
        runtime.carrier.membershipChanged(state.membership)
    }

    /// Waits for the backend thread, which reads the new state: nothing can be applied meanwhile.
    private func install(_ snapshot: Snapshot) throws {
        let began = monotonicNanoseconds()
        let index = snapshot.index.rawValue
        guard index > progress.index else { return }
        let answer = Mailbox<Confined<StateMachine>>()
        var fresh: [Confined<StateMachine>] = []
        guard runtime.backend.post(.install(index: index, answer: answer)),
            answer.take(into: &fresh), let fresh = fresh.first?.value
        else { throw InstallationError.noState(index: index) }
        state.adopt(fresh, tree: snapshot.data)
        progress.index = index
        unreportedBytes = Self.quietBytesMax
        runtime.noteApplied(index: index)
        runtime.noteAlarms(isSpaceAlarmActive: state.alarms.isActive(.noSpace))
        tellMembership()
        runtime.wakeWatchers()
        finishCompactions(.max)
        runtime.observer.snapshotInstalled(
            index: index, revision: state.store.newestRevision,
            nanoseconds: monotonicNanoseconds() - began)
    }

    private func refuse(_ id: UInt64, _ error: EtcdError?) {
        guard let error, let address = waiters.take(id) else { return }
        runtime.observer.proposalFailed()
        replies.add(.failed(error), to: address, term: term)
    }

    private func release(_ index: UInt64, _ addresses: [ReplyAddress]) {
        guard index > progress.index else { return answerReaders(addresses) }
        readers.append((index, addresses))
    }

    private func answerReaders(_ addresses: [ReplyAddress]) {
        for address in addresses { replies.add(.readable, to: address, term: term) }
    }

    private func changeRole(isLeader: Bool, term: UInt64) {
        self.term = max(self.term, term)
        if isLeader {
            leadingTerm = term
            state.lessor.promote(
                extensionMilliseconds: runtime.configuration.electionMilliseconds, now: state.now)
        } else {
            state.lessor.demote()
        }
    }

    private func requestSnapshot(_ index: UInt64) {
        runtime.backend.post(.snapshot(state.snapshotRequest()))
    }

    private func finishCompactions(_ revision: Int64) {
        physical.removeAll { waiting in
            guard waiting.revision <= revision else { return false }
            replies.add(.applied(waiting.outcome), to: waiting.address, term: term)
            return true
        }
    }

    /// What may take long is left to the owner: the clocks of leases, for which it wakes anyway,
    /// and the wait for the database.
    private func finishTurn(by runner: TurnRunner) -> TurnEnd {
        if !readers.isEmpty {
            readers.removeAll { waiting in
                guard waiting.index <= progress.index else { return false }
                answerReaders(waiting.addresses)
                return true
            }
        }
        if runner == .owner, state.now >= nextLeaseCheck { checkClocks() }
        // Whoever hears of a change of the membership may ask for the next one at once.
        if !progress.configurationChanges.isEmpty { reportProgress() }
        replies.deliver()
        runtime.notePending(waiters.count)
        reportProgress()
        if runner == .guest, runtime.isOverlayFull(state.store.pendingSize) { return .needsOwner }
        throttle()
        return .done
    }

    /// Waits while the database cannot follow. Keepalives wait as well then, so after a long wait
    /// every lease gets its time again, as after a change of leader.
    private func throttle() {
        let began = monotonicMilliseconds()
        runtime.throttle(state.store.pendingSize)
        let ended = monotonicMilliseconds()
        guard ended - began >= Self.leaseCheckMilliseconds, state.lessor.isPrimary else { return }
        state.lessor.promote(
            extensionMilliseconds: runtime.configuration.electionMilliseconds, now: ended)
    }

    private func reportProgress() {
        guard progress.index > reportedIndex else { return }
        reportedIndex = progress.index
        // Little news can wait for what wakes the consensus thread next: only changes of membership
        // and room for more entries are waited for.
        if progress.configurationChanges.isEmpty, unreportedBytes < Self.quietBytesMax {
            runtime.consensus.postQuietly(.input(.applied(progress)))
        } else {
            runtime.consensus.post(.input(.applied(progress)))
            unreportedBytes = 0
        }
        progress.configurationChanges.removeAll()
    }

    private func checkClocks() {
        nextLeaseCheck = state.now + Self.leaseCheckMilliseconds
        for id in state.lessor.takeExpired(limit: Self.revokesPerCheck, now: state.now) {
            runtime.observer.leaseExpired()
            runtime.proposeRevocation(of: id, asLeaderOf: leadingTerm)
        }
        proposeCheckpoints()
        for address in waiters.takeExpired(state.now) {
            runtime.observer.proposalFailed()
            replies.add(.failed(.timeout), to: address, term: term)
        }
    }

    private func proposeCheckpoints() {
        for _ in 0..<Self.checkpointBatchesPerCheck {
            let due = state.lessor.takeCheckpoints(limit: Self.leasesPerCheckpoint, now: state.now)
            guard !due.isEmpty else { return }
            runtime.proposeCheckpoint(of: due, asLeaderOf: leadingTerm)
        }
    }

    func finish() {
        for address in waiters.takeAll() + readers.flatMap(\.addresses) {
            replies.add(.failed(.stopped), to: address, term: term)
        }
        for waiting in physical { replies.add(.failed(.stopped), to: waiting.address, term: term) }
        replies.deliver()
    }
}

/// Why a received snapshot could not replace the state; the backend thread has told the cause.
enum InstallationError: Error {
    case noState(index: UInt64)
}

/// Entries were given out in the wrong order: going on would skip some.
private struct EntryGap: Error, CustomStringConvertible {
    let applied: UInt64
    let next: UInt64

    var description: String { "entry \(next) came behind entry \(applied)" }
}

extension CommittedEntry.Kind {
    init(_ type: EntryType) {
        switch type {
        case .normal: self = .request
        case .confChange: self = .memberChange
        case .confChangeV2: self = .generalChange
        }
    }
}

/// Proposals whose answers are awaited, by id.
struct ProposalWaiters {
    private var addresses: [UInt64: ReplyAddress] = [:]
    /// Deadlines only rise, so a queue is enough.
    private var deadlines: [(time: Int64, ids: [UInt64])] = []

    mutating func add(_ registrations: [Registration], _ deadline: Int64) {
        for registration in registrations { addresses[registration.id] = registration.address }
        deadlines.append((deadline, registrations.map(\.id)))
    }

    var count: Int { addresses.count }

    mutating func take(_ id: UInt64) -> ReplyAddress? { addresses.removeValue(forKey: id) }

    /// Those whose time is over: what becomes of their proposals nobody knows.
    mutating func takeExpired(_ now: Int64) -> [ReplyAddress] {
        var expired: [ReplyAddress] = []
        let over = deadlines.prefix { $0.time <= now }
        for (_, ids) in over { expired.append(contentsOf: ids.compactMap { take($0) }) }
        deadlines.removeFirst(over.count)
        return expired
    }

    mutating func takeAll() -> [ReplyAddress] {
        defer { addresses.removeAll() }
        return Array(addresses.values)
    }
}
