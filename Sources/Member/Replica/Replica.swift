package import Identifiers
package import Raft
package import StateMachine

/// One member as a value: requests, peer messages, ticks and completions go in, effects come out.
///
/// What it is: the Raft machine together with what the machine leaves to its caller - which
/// messages wait for which log write, which reads wait for which ReadIndex batch, when a snapshot
/// is due and how far the log may be compacted. It starts no thread and calls nothing; the runtime
/// performs the effects for real and the simulator performs them on virtual time.
///
/// Guarantees: a message that promises something after a crash leaves only when the write that
/// makes it true is durable (persist before send). A read is released only with an index that was
/// committed when it was requested. Segments are released only up to a durable snapshot; the log in
/// memory keeps the tail that slow followers catch up from. An entry is handed out for applying
/// once.
///
/// Invariants: entries are handed out up to `handedOut` without gaps, a snapshot standing for those
/// it replaces; `held` is ascending by write number; every read request is in `pendingReads` or in
/// one batch of `readBatches`.
package struct Replica: Sendable {
    package var configuration: ReplicaConfiguration
    private var machine: RaftMachine
    private var ready = Ready()
    private var pendingReads: [ReadRequestID] = []
    private var readBatches: [ReadBatch] = []
    private var nextReadContext: UInt64
    /// Index of the newest durable snapshot; zero without one.
    package private(set) var snapshotIndex: LogIndex
    /// The applied index when the log in memory was last compacted.
    private var compactedAt: LogIndex
    /// The index up to which the caller has applied.
    private var appliedIndex: LogIndex
    /// The index up to which entries were handed out for applying, in `committed` or as
    /// single-voter commits.
    private var handedOut: LogIndex
    private var held: [(number: WriteNumber, messages: [Message])] = []
    /// Messages whose write is durable, to leave with the next effects.
    private var released: [Message] = []
    /// Received snapshots that are being written, by the number of the write.
    private var incomingSnapshots: [(number: WriteNumber, snapshot: Snapshot)] = []
    /// Snapshots in flight to other members, and the ticks for which the log is still kept for the
    /// last of them.
    private var outgoingSnapshotCount = 0
    private var tailHeldTicks = 0
    private var logHealth = LogHealth()

    private struct ReadBatch: Sendable {
        let context: UInt64
        let requests: [ReadRequestID]
        var waitedTicks = 0
    }

    /// - Parameters:
    ///   - snapshotIndex: index of the newest durable snapshot; zero without one.
    ///   - firstReadContext: context of the first ReadIndex batch; differs between runs of one
    ///     member, so that a response to a batch of a former run is never taken for one of this
    ///     run.
    package init(
        _ machine: RaftMachine, configuration: ReplicaConfiguration, snapshotIndex: LogIndex,
        firstReadContext: UInt64
    ) {
        self.machine = machine
        self.configuration = configuration
        self.snapshotIndex = snapshotIndex
        nextReadContext = firstReadContext
        handedOut = machine.appliedIndex
        appliedIndex = machine.appliedIndex
        compactedAt = snapshotIndex
    }

    /// The status of the Raft machine.
    package var status: RaftStatus { machine.status }

    /// Whether the leader of the term is known.
    package var hasLeader: Bool { machine.leader != nil }

    /// Whether proposals are accepted now: there is a leader, and it is not transferring
    /// leadership.
    package var takesProposals: Bool { machine.leader != nil && !machine.isTransferring }

    /// Whether this member leads and is transferring leadership.
    package var isTransferring: Bool { machine.isTransferring }

    package var id: MemberID { machine.id }
    package var term: Term { machine.term }
    /// The member that this member voted for in `term`; `.none` without a vote.
    package var vote: MemberID { machine.vote }
    package var leader: MemberID? { machine.leader }
    package var role: RoleName { machine.roleName }
    package var committedIndex: LogIndex { machine.committedIndex }

    /// Whether the local log has written nothing for an election timeout although it should. Then
    /// this member does not lead, unless it is the only voter, and does not campaign.
    package var isLogStalled: Bool { machine.isLogStalled }

    /// Whether this member may campaign: it is a voter as far as it has applied.
    package var canCampaign: Bool { machine.canCampaign }

    /// Whether this member is the only voter.
    package var isSingleVoter: Bool {
        let members = machine.confState
        return members.voters == [machine.id] && members.votersOutgoing.isEmpty
    }

    /// Whether a linearizable read needs no ReadIndex batch: everything acknowledged is applied
    /// here first.
    ///
    /// No other member can acknowledge anything before this member has voted for it, and it votes
    /// only after this has become false. So a read that began while it was true is linearizable,
    /// however late it is served.
    package var readsLocally: Bool { machine.readsLocally }

    /// Whether so much is being applied that further committed entries are held back.
    package var isApplyingPaused: Bool { machine.isApplyingPaused }

    /// ReadIndex batches whose response was lost, and that were retried.
    package private(set) var lostReadBatches = 0

    /// Whether an entry that is durable here is committed.
    package var commitsAsSingleVoter: Bool { machine.commitsAsSingleVoter }

    /// The index of the next entry to hand out.
    var nextToHandOut: LogIndex { handedOut.next }

    /// The number of entries that are not applied yet.
    var unappliedCount: Int { machine.lastIndex - machine.appliedIndex }

    /// Index of the newest entry.
    package var lastIndex: LogIndex { machine.lastIndex }

    /// Index of the oldest entry that is kept in memory.
    package var firstIndex: LogIndex { machine.firstIndex }

    /// Term of an entry; nil if it is not kept, or does not exist.
    package func term(at index: LogIndex) -> Term? { machine.term(at: index) }

    /// Takes one input. Effects are collected until `takeEffects`.
    ///
    /// - Throws: `StepError.brokenInvariant`, after which the member must stop.
    package mutating func step(
        _ input: ReplicaInput, into effects: inout [ReplicaEffect]
    ) throws(StepError) {
        switch input {
        case .tick: tick()
        case .propose(let proposals): propose(proposals, into: &effects)
        case .changeMembership(let id, let change): propose(change, id: id, into: &effects)
        case .read(let request): pendingReads.append(request)
        case .message(let message): try receive(message)
        case .written(let number): wrote(number, into: &effects)
        case .applied(let progress): try applied(progress)
        case .snapshotSaved(let index): snapshotSaved(index, into: &effects)
        case .unreachable(let member): machine.reportUnreachable(member)
        case .snapshotSent(let member, let isDelivered): finishSnapshot(member, isDelivered)
        // The requester watches which member leads in the end.
        case .transferLeadership(let target): try? machine.transferLeadership(to: target)
        case .campaign: machine.campaign()
        case .advance(let ticks): machine.advanceElection(ticks: ticks)
        }
    }

    /// Appends all effects that are due to `effects`; they must be performed, in order.
    package mutating func takeEffects(into effects: inout [ReplicaEffect]) {
        startReadBatch(into: &effects)
        machine.takeReady(into: &ready)
        var committed = takeCommitted()
        if let write = ready.write { take(write, after: &committed, into: &effects) }
        takeMessages(into: &effects)
        if let state = ready.softState {
            effects.append(.role(state))
            if state.leader == nil { failReads(into: &effects) }
        }
        if !committed.isEmpty { effects.append(.commit(committed)) }
        for state in ready.readStates { release(state, into: &effects) }
    }

    /// Committed entries to apply, except those already handed out as single-voter commits.
    private mutating func takeCommitted() -> [Entry] {
        var entries: [Entry] = []
        swap(&entries, &ready.committed)
        guard let last = entries.last, last.index > handedOut else { return [] }
        if entries[0].index <= handedOut { entries.removeAll { $0.index <= handedOut } }
        handedOut = last.index
        return entries
    }

    /// - Parameter committed: emitted before the write if the write's entries are applied once it
    ///   is durable, and then left empty.
    private mutating func take(
        _ write: LogWrite, after committed: inout [Entry], into effects: inout [ReplicaEffect]
    ) {
        logHealth.handOut(write)
        if !write.messagesAfter.isEmpty { held.append((write.number, write.messagesAfter)) }
        if let snapshot = write.snapshot { incomingSnapshots.append((write.number, snapshot)) }
        let isSingleVoterCommit = isSingleVoterCommit(write)
        if isSingleVoterCommit {
            handedOut = handedOut + write.entries.count
            if !committed.isEmpty { effects.append(.commit(committed)) }
            committed = []
        }
        effects.append(.write(write, isSingleVoterCommit: isSingleVoterCommit))
    }

    /// Messages that a finished write has released, then those that wait for none.
    private mutating func takeMessages(into effects: inout [ReplicaEffect]) {
        var messages: [Message] = []
        swap(&messages, &ready.messages)
        for message in messages where message.type == .snapshot {
            outgoingSnapshotCount += 1
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
        // Before the machine checks its quorum, and resets which members were active.
        logHealth.tick()
        machine.setLogStalled(logHealth.waitedTicks >= machine.raftConfiguration.electionTicks)
        machine.tick()
        if tailHeldTicks > 0 { tailHeldTicks -= 1 }
        for index in readBatches.indices { readBatches[index].waitedTicks += 1 }
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
        reportApplied()
        while let first = held.first, first.number <= number {
            released.append(contentsOf: first.messages)
            held.removeFirst()
        }
        while let first = incomingSnapshots.first, first.number <= number {
            effects.append(.install(first.snapshot))
            handedOut = max(handedOut, first.snapshot.index)
            incomingSnapshots.removeFirst()
            recordSnapshot(first.snapshot.index, into: &effects)
        }
    }

    private mutating func applied(_ progress: ApplyProgress) throws(StepError) {
        for data in progress.configurationChanges {
            try applyConfigurationChange(data)
        }
        appliedIndex = max(appliedIndex, progress.index)
        reportApplied()
    }

    /// Entries of a single-voter commit may be applied before the machine has handed them out, or
    /// even knows that they are durable; then they are reported once it is known.
    private mutating func reportApplied() {
        let index = min(appliedIndex, machine.committedIndex)
        guard index > machine.appliedIndex else { return }
        machine.recordApplying(through: index)
        machine.applied(to: index)
        compactLogIfDue()
    }

    private mutating func applyConfigurationChange(
        _ change: AppliedConfigurationChange
    ) throws(StepError) {
        do throws(ConfChangeError) {
            switch change {
            case .single(let data, let index):
                guard let change = ConfChange(decoding: data) else { return }
                _ = try machine.applyConfChange(change, at: index)
            case .general(let data, let index):
                guard let change = ConfChangeV2(decoding: data) else { return }
                _ = try machine.applyConfChange(change, at: index)
            }
        } catch {
            throw .brokenInvariant("a committed change of membership cannot be applied: \(error)")
        }
    }
}

/// Reads.
extension Replica {
    /// All reads since the last batch share the next one.
    private mutating func startReadBatch(into effects: inout [ReplicaEffect]) {
        retryLostReadBatches()
        guard !pendingReads.isEmpty else { return }
        let context = nextReadContext
        nextReadContext &+= 1
        do throws(ProposalError) {
            try machine.readIndex(context: context)
            readBatches.append(ReadBatch(context: context, requests: pendingReads))
            pendingReads.removeAll(keepingCapacity: true)
        } catch {
            guard case .noLeader = error else { return }
            effects.append(.unreadable(pendingReads))
            pendingReads.removeAll()
        }
    }

    /// A batch whose response was lost is retried (etcd: after 500 ms).
    private mutating func retryLostReadBatches() {
        guard let first = readBatches.first, first.waitedTicks >= configuration.readRetryTicks
        else { return }
        pendingReads.insert(contentsOf: first.requests, at: 0)
        readBatches.removeFirst()
        lostReadBatches += 1
    }

    private mutating func release(_ state: ReadState, into effects: inout [ReplicaEffect]) {
        guard let index = readBatches.firstIndex(where: { $0.context == state.context })
        else { return }
        let batch = readBatches.remove(at: index)
        effects.append(.readable(index: state.index, batch.requests))
    }

    /// Without a leader a read index cannot be confirmed; the caller decides about retrying.
    private mutating func failReads(into effects: inout [ReplicaEffect]) {
        for batch in readBatches { effects.append(.unreadable(batch.requests)) }
        readBatches.removeAll()
    }
}

/// Snapshots and compaction of the log.
extension Replica {
    /// Applied entries between two compactions of the log in memory, as in etcd.
    private static let compactionIntervalEntries = 100

    private mutating func compactLogIfDue() {
        if machine.appliedIndex - compactedAt > Self.compactionIntervalEntries { compactLog() }
    }

    /// Keeps the entries that followers may catch up from; a follower that lags further gets a
    /// snapshot.
    ///
    /// As in etcd each snapshot compacts too, so the tail stays short when snapshots are frequent.
    private mutating func compactLog() {
        let applied = machine.appliedIndex
        guard outgoingSnapshotCount == 0, tailHeldTicks == 0,
            applied.rawValue > UInt64(configuration.catchUpEntries)
        else { return }
        compactedAt = applied
        machine.compactLog(to: LogIndex(applied.rawValue - UInt64(configuration.catchUpEntries)))
    }

    private mutating func snapshotSaved(_ index: LogIndex, into effects: inout [ReplicaEffect]) {
        recordSnapshot(index, into: &effects)
        compactLog()
    }

    private mutating func finishSnapshot(_ member: MemberID, _ isDelivered: Bool) {
        machine.reportSnapshot(to: member, isDelivered: isDelivered)
        outgoingSnapshotCount = max(0, outgoingSnapshotCount - 1)
        if isDelivered { tailHeldTicks = configuration.tailHoldTicks }
    }

    private mutating func recordSnapshot(_ index: LogIndex, into effects: inout [ReplicaEffect]) {
        snapshotIndex = max(snapshotIndex, index)
        guard snapshotIndex.rawValue > UInt64(configuration.catchUpEntries) else { return }
        effects.append(.releaseLog(snapshotIndex))
    }
}
