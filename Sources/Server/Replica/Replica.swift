package import Raft
package import StateMachine

/// One member as a value: requests, peer messages, ticks and completions go in, effects come out.
///
/// What it is: the Raft machine together with what the machine leaves to its caller - which
/// messages wait for which log write, which reads wait for which round, when a snapshot is due and
/// how far the log may be cut. It starts no thread and makes no call out; the runtime performs
/// the effects for real and the simulator performs them on virtual time.
///
/// Guarantees: a message that promises something after a crash leaves only when the write that
/// makes it true is durable (persist before send). A read is released only with an index that was
/// committed when it was asked for. The log's files are cut only behind a durable snapshot; in memory
/// it keeps the tail that slow followers catch up from. An entry is handed out to be applied once.
///
/// Invariants: entries are handed out up to `handedOut` without gaps, a snapshot standing for those
/// it replaces; `held` is ascending by write number; every ticket is in `gathering` or in one round
/// of `rounds`.
package struct Replica: Sendable {
    package var settings: ReplicaSettings
    private var machine: RaftMachine
    private var ready = Ready()
    private var gathering: [ReadTicket] = []
    private var rounds: [Round] = []
    private var nextRound: UInt64
    /// Where the newest durable snapshot stands; zero without one.
    package private(set) var snapshotIndex: LogIndex
    /// What was applied when the log in memory was last cut.
    private var memoryCutAt: LogIndex
    /// Up to where the caller has applied.
    private var appliedIndex: LogIndex
    /// Up to where entries were handed out to be applied, in `committed` or as single-voter commits.
    private var handedOut: LogIndex
    private var held: [(number: WriteNumber, messages: [Message])] = []
    /// Messages whose write is durable, to leave with the next effects.
    private var released: [Message] = []
    /// Received snapshots that are being written, by the number of the write.
    private var arriving: [(number: WriteNumber, snapshot: Snapshot)] = []
    /// Snapshots on their way to other members, and the ticks for which the log is still kept for
    /// the last of them.
    private var departing = 0
    private var tailHeldTicks = 0
    private var logHealth = LogHealth()

    private struct Round: Sendable {
        let context: UInt64
        let tickets: [ReadTicket]
        var waitedTicks = 0
    }

    /// - Parameters:
    ///   - snapshotIndex: where the newest durable snapshot stands; zero without one.
    ///   - firstRound: number of the first read round; differs between runs of one member, so
    ///     that an answer to a former run's round is never taken for one of this run.
    package init(
        _ machine: RaftMachine, settings: ReplicaSettings, snapshotIndex: LogIndex,
        firstRound: UInt64
    ) {
        self.machine = machine
        self.settings = settings
        self.snapshotIndex = snapshotIndex
        nextRound = firstRound
        handedOut = machine.appliedIndex
        appliedIndex = machine.appliedIndex
        memoryCutAt = snapshotIndex
    }

    /// What everybody may see of the Raft machine.
    package var status: RaftStatus { machine.status }

    /// Whether a term's leader is known.
    package var hasLeader: Bool { machine.leader != nil }

    /// Whether proposals can be taken now: there is a leader, and it is not on its way out.
    package var takesProposals: Bool { machine.leader != nil && !machine.isTransferring }

    /// Whether this member leads and is handing leadership over.
    package var isTransferring: Bool { machine.isTransferring }

    package var id: MemberID { machine.id }
    package var term: Term { machine.term }
    /// Whom this member voted for in `term`; `.none` if nobody.
    package var vote: MemberID { machine.vote }
    package var leader: MemberID? { machine.leader }
    package var role: RoleName { machine.roleName }
    package var committedIndex: LogIndex { machine.committedIndex }

    /// Whether the local log has written nothing for an election timeout although it should. Then
    /// this member does not lead, unless it is the only voter, and does not campaign.
    package var isLogStalled: Bool { machine.isLogStalled }

    /// Whether this member may stand for election: it is a voter as far as it has applied.
    package var canCampaign: Bool { machine.canCampaign }

    /// Whether nobody else has a vote.
    package var isSingleVoter: Bool {
        let members = machine.confState
        return members.voters == [machine.id] && members.votersOutgoing.isEmpty
    }

    /// Whether a linearizable read needs no round: whatever is acknowledged is applied here first.
    ///
    /// Nobody else can acknowledge anything before this member has voted for it, and it votes only
    /// after this has become false. So a read that was begun while it was true is linearizable,
    /// however late it is carried out.
    package var readsLocally: Bool { machine.readsLocally }

    /// Whether so much is being applied that further committed entries are not given out.
    package var holdsCommittedBack: Bool { machine.holdsCommittedBack }

    /// Read rounds whose answer was lost, and that were asked anew.
    package private(set) var lostRounds = 0

    /// Whether durable here is committed.
    var commitsAsSingleVoter: Bool { machine.commitsAsSingleVoter }

    /// The entry that is handed out next.
    var nextToHandOut: LogIndex { handedOut.next }

    /// The newest entries that are not applied yet.
    var unappliedCount: Int { machine.lastIndex - machine.appliedIndex }

    /// Position of the newest entry.
    package var lastIndex: LogIndex { machine.lastIndex }

    /// Position of the oldest entry that is kept in memory.
    package var firstIndex: LogIndex { machine.firstIndex }

    /// Term of an entry; nil where it is not kept, or does not exist.
    package func term(at index: LogIndex) -> Term? { machine.term(at: index) }

    /// Takes one input. Effects are gathered until `takeEffects`.
    ///
    /// - Throws: `StepError.brokenInvariant`, after which the member must stop.
    package mutating func step(
        _ input: ReplicaInput, into effects: inout [ReplicaEffect]
    ) throws(StepError) {
        switch input {
        case .tick: tick()
        case .propose(let proposals): propose(proposals, into: &effects)
        case .changeMembership(let id, let change): propose(change, id: id, into: &effects)
        case .read(let ticket): gathering.append(ticket)
        case .message(let message): try receive(message)
        case .written(let number): wrote(number, into: &effects)
        case .applied(let progress): try applied(progress)
        case .snapshotSaved(let index): saved(index, into: &effects)
        case .unreachable(let member): machine.reportUnreachable(member)
        case .snapshotSent(let member, let isDelivered): snapshotLeft(member, isDelivered)
        // Who asked looks at who leads in the end.
        case .transferLeadership(let target): try? machine.transferLeadership(to: target)
        case .campaign: machine.campaign()
        case .advance(let ticks): machine.advanceElection(ticks: ticks)
        }
    }

    /// Appends everything that is to be done now to `effects`; it must be done, in order.
    package mutating func takeEffects(into effects: inout [ReplicaEffect]) {
        startRound(into: &effects)
        machine.takeReady(into: &ready)
        var committed = takeCommitted()
        if let write = ready.write { take(write, behind: &committed, into: &effects) }
        takeMessages(into: &effects)
        if let state = ready.softState {
            effects.append(.role(state))
            if state.leader == nil { failReads(into: &effects) }
        }
        if !committed.isEmpty { effects.append(.commit(committed)) }
        for answer in ready.readStates { release(answer, into: &effects) }
    }

    /// Committed entries that are to be applied, but for those that single-voter commits have given
    /// out.
    private mutating func takeCommitted() -> [Entry] {
        var entries: [Entry] = []
        swap(&entries, &ready.committed)
        guard let last = entries.last, last.index > handedOut else { return [] }
        if entries[0].index <= handedOut { entries.removeAll { $0.index <= handedOut } }
        handedOut = last.index
        return entries
    }

    /// - Parameter committed: given out before the write if its entries are to be applied when it
    ///   is durable, and then left empty.
    private mutating func take(
        _ write: LogWrite, behind committed: inout [Entry], into effects: inout [ReplicaEffect]
    ) {
        logHealth.handOut(write)
        if !write.messagesAfter.isEmpty { held.append((write.number, write.messagesAfter)) }
        if let snapshot = write.snapshot { arriving.append((write.number, snapshot)) }
        let isSingleVoterCommit = isSingleVoterCommit(write)
        if isSingleVoterCommit {
            handedOut = handedOut + write.entries.count
            if !committed.isEmpty { effects.append(.commit(committed)) }
            committed = []
        }
        effects.append(.write(write, isSingleVoterCommit: isSingleVoterCommit))
    }

    /// Messages that a completed write has released, then those that wait for none.
    private mutating func takeMessages(into effects: inout [ReplicaEffect]) {
        var messages: [Message] = []
        swap(&messages, &ready.messages)
        for message in messages where message.type == .snapshot {
            departing += 1
            effects.append(.sendSnapshot(message))
        }
        messages.removeAll { $0.type == .snapshot }
        if !released.isEmpty {
            swap(&messages, &released)
            messages.append(contentsOf: released)
            released.removeAll(keepingCapacity: true)
        }
        if !messages.isEmpty { effects.append(.send(messages)) }
    }

    private mutating func tick() {
        // Before the machine looks at its quorum, and forgets who has answered.
        logHealth.tick()
        machine.setLogStalled(logHealth.waitedTicks >= machine.settings.electionTicks)
        machine.tick()
        if tailHeldTicks > 0 { tailHeldTicks -= 1 }
        for index in rounds.indices { rounds[index].waitedTicks += 1 }
    }

    private mutating func propose(
        _ proposals: [NumberedProposal], into effects: inout [ReplicaEffect]
    ) {
        do throws(ProposalError) {
            try machine.propose(proposals.map { Proposal(data: $0.data) })
        } catch {
            for proposal in proposals { effects.append(.refuse(id: proposal.id, error)) }
        }
    }

    private mutating func propose(
        _ change: ConfChange, id: UInt64, into effects: inout [ReplicaEffect]
    ) {
        do throws(ProposalError) {
            try machine.proposeConfChange(change)
        } catch {
            effects.append(.refuse(id: id, error))
        }
    }

    private mutating func receive(_ message: Message) throws(StepError) {
        do throws(StepError) {
            try machine.step(message)
        } catch {
            guard case .brokenInvariant = error else { return }
            throw error
        }
    }

    private mutating func wrote(_ number: WriteNumber, into effects: inout [ReplicaEffect]) {
        logHealth.finish(number)
        machine.setLogStalled(false)
        machine.persisted(through: number)
        noteApplied()
        while let first = held.first, first.number <= number {
            released.append(contentsOf: first.messages)
            held.removeFirst()
        }
        while let first = arriving.first, first.number <= number {
            effects.append(.install(first.snapshot))
            handedOut = max(handedOut, first.snapshot.index)
            arriving.removeFirst()
            noteSnapshot(first.snapshot.index, into: &effects)
        }
    }

    private mutating func applied(_ progress: ApplyProgress) throws(StepError) {
        for data in progress.configurationChanges {
            try applyConfigurationChange(data)
        }
        appliedIndex = max(appliedIndex, LogIndex(progress.index))
        noteApplied()
    }

    /// Entries of a single-voter commit may be applied before the machine has given them out, or
    /// even knows that they are durable; then it hears of them with that.
    private mutating func noteApplied() {
        let index = min(appliedIndex, machine.committedIndex)
        guard index > machine.appliedIndex else { return }
        machine.handedOut(through: index)
        machine.applied(to: index)
        cutMemoryIfDue()
    }

    private mutating func applyConfigurationChange(
        _ change: AppliedConfigurationChange
    ) throws(StepError) {
        do throws(ConfigurationError) {
            switch change {
            case .single(let data, let index):
                guard let change = ConfChange(decoding: data) else { return }
                _ = try machine.applyConfChange(change, at: LogIndex(index))
            case .general(let data, let index):
                guard let change = ConfChangeV2(decoding: data) else { return }
                _ = try machine.applyConfChange(change, at: LogIndex(index))
            }
        } catch {
            throw .brokenInvariant("a committed change of membership cannot be applied: \(error)")
        }
    }
}

/// Reads.
extension Replica {
    /// All reads that came since the last round share the next one.
    private mutating func startRound(into effects: inout [ReplicaEffect]) {
        retryLostRounds()
        guard !gathering.isEmpty else { return }
        let context = nextRound
        nextRound &+= 1
        do throws(ProposalError) {
            try machine.readIndex(context: context)
            rounds.append(Round(context: context, tickets: gathering))
            gathering.removeAll(keepingCapacity: true)
        } catch {
            guard case .noLeader = error else { return }
            effects.append(.unreadable(gathering))
            gathering.removeAll()
        }
    }

    /// A round whose answer was lost on the way is asked anew (etcd: after 500 ms).
    private mutating func retryLostRounds() {
        guard let first = rounds.first, first.waitedTicks >= settings.readRetryTicks else { return }
        gathering.insert(contentsOf: first.tickets, at: 0)
        rounds.removeFirst()
        lostRounds += 1
    }

    private mutating func release(_ answer: ReadState, into effects: inout [ReplicaEffect]) {
        guard let place = rounds.firstIndex(where: { $0.context == answer.context }) else { return }
        let round = rounds.remove(at: place)
        effects.append(.readable(index: answer.index.rawValue, round.tickets))
    }

    /// Without a leader nobody can confirm what is committed; the caller decides about retrying.
    private mutating func failReads(into effects: inout [ReplicaEffect]) {
        for round in rounds { effects.append(.unreadable(round.tickets)) }
        rounds.removeAll()
    }
}

/// Snapshots and the length of the log.
extension Replica {
    /// Applied entries between two cuts of the log in memory, as in etcd.
    private static let memoryCutEntries = 100

    private mutating func cutMemoryIfDue() {
        if machine.appliedIndex - memoryCutAt > Self.memoryCutEntries { cutMemory() }
    }

    /// Leaves the entries that followers may catch up with; who is further behind gets a snapshot.
    ///
    /// As in etcd that happens with each snapshot too, so that it holds for short intervals.
    private mutating func cutMemory() {
        let applied = machine.appliedIndex
        guard departing == 0, tailHeldTicks == 0, applied.rawValue > UInt64(settings.catchUpEntries)
        else { return }
        memoryCutAt = applied
        machine.compactLog(to: LogIndex(applied.rawValue - UInt64(settings.catchUpEntries)))
    }

    private mutating func saved(_ index: LogIndex, into effects: inout [ReplicaEffect]) {
        noteSnapshot(index, into: &effects)
        cutMemory()
    }

    private mutating func snapshotLeft(_ member: MemberID, _ isDelivered: Bool) {
        machine.reportSnapshot(to: member, isDelivered: isDelivered)
        departing = max(0, departing - 1)
        if isDelivered { tailHeldTicks = settings.tailHoldTicks }
    }

    private mutating func noteSnapshot(_ index: LogIndex, into effects: inout [ReplicaEffect]) {
        snapshotIndex = max(snapshotIndex, index)
        guard snapshotIndex.rawValue > UInt64(settings.catchUpEntries) else { return }
        effects.append(.releaseLog(snapshotIndex))
    }
}
