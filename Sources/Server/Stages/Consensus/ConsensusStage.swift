import EtcdAPI
package import Raft
package import Replica
import StateMachine

/// The consensus stage of a member: takes all that waits as one batch, steps the replica, and
/// says what has to be done, in order.
///
/// What it is: the replica together with what is not Raft's - proposals that wait for a leader,
/// reads that wait for their index, the clock of the ticks. A value that is memory alone: time,
/// applied index and connections are handed in, effects come out.
///
/// Guarantees: a proposal is given to the replica once, and only while there is a leader that can
/// be reached; a read is answered once; effects are in the order in which they have to be
/// performed (`ReplicaEffect`).
package struct ConsensusStage {
    package private(set) var replica: Replica
    /// Answers to be handed over at `deliverReplies`.
    package var replies = ReplyBatch()
    private let settings: MemberSettings
    private var wanted: [ReplicaEffect] = []
    private var proposals: [NumberedProposal] = []
    private var registrations: [Registration] = []
    private var leaderProposals: [(term: UInt64, proposal: NumberedProposal)] = []
    private var membershipChanges: [(id: UInt64, change: ConfChange)] = []
    private var nextBatch: ProposalBatchNumber = 0
    private var held: HeldProposals
    private var reads = PendingReads()
    private var nextTick: Int64
    private var advancesElection: Bool
    /// Whether the leader could be reached at the last tick.
    private var isLeaderReachable = true
    private var contention: HeartbeatContention

    package init(_ replica: Replica, settings: MemberSettings, now: Int64) {
        self.replica = replica
        self.replica.settings.appliesSoleWrites = true
        self.settings = settings
        held = HeldProposals(bytesMaximum: settings.heldBytesMaximum)
        advancesElection = settings.advancesFirstElection
        contention = HeartbeatContention(heartbeatMilliseconds: settings.tickMilliseconds)
        nextTick = now + settings.tickMilliseconds
    }

    /// When a turn is due though nothing has come: monotonic milliseconds.
    package var deadline: Int64 { nextTick }

    /// Takes inputs and appends what is to be done to `effects`.
    ///
    /// - Parameter isConnected: whether messages to this member have a way now.
    /// - Throws: `StepError.brokenInvariant`, after which the member must stop.
    package mutating func turn(
        _ inputs: [ConsensusInput], _ surroundings: ConsensusSurroundings,
        isConnected: (MemberID) -> Bool, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        let now = surroundings.now
        for input in inputs { try take(input, now, into: &effects) }
        try campaignIfAlone()
        try propose(now, isConnected, into: &effects)
        try askForReads(now)
        try tickIfDue(now, isConnected, into: &effects)
        replica.takeEffects(into: &wanted)
        effects.append(.publish(Standing(replica)))
        for effect in wanted { add(effect, surroundings, into: &effects) }
        wanted.removeAll(keepingCapacity: true)
        if !replies.isEmpty { effects.append(.deliverReplies) }
    }

    /// Nobody will answer the reads that wait.
    package mutating func finish(into effects: inout [ConsensusEffect]) {
        for address in reads.takeAll() { replies.add(.failed(.stopped), to: address, term: 0) }
        effects.append(.deliverReplies)
    }

    private mutating func take(
        _ input: ConsensusInput, _ now: Int64, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        switch input {
        case .requests(let requests):
            for request in requests { take(request) }
        case .replica(let input): try replica.step(input, into: &wanted)
        case .received(let messages):
            for message in messages { try receive(message, now) }
        case .inspect(let look): effects.append(.inspected(look, replica.status))
        case .own(let proposal): proposals.append(proposal)
        case .ownAsLeader(let term, let proposal): leaderProposals.append((term, proposal))
        }
    }

    private mutating func take(_ request: ClientRequest) {
        switch request {
        case .propose(let proposal, let reply):
            registrations.append(Registration(id: proposal.id, address: reply))
            proposals.append(proposal)
        case .read(let reply): reads.add(reply)
        case .changeMembership(let id, let change, let reply):
            registrations.append(Registration(id: id, address: reply))
            membershipChanges.append((id, change))
        }
    }

    /// What another member has forwarded while leadership is being handed over goes to the next
    /// leader: the machine would drop it, and its proposer would wait in vain.
    private mutating func receive(_ message: Message, _ now: Int64) throws(StepError) {
        if message.type == .propose, replica.isTransferring {
            let deadline = now + settings.electionMilliseconds
            if held.add(.forwarded(message), batch: nil, deadline: deadline) { return }
        }
        try replica.step(.message(message), into: &wanted)
    }

    /// A lone voter need not wait for an election timeout: nobody else can be leader. It campaigns
    /// as soon as the entries that make it a member are applied.
    private mutating func campaignIfAlone() throws(StepError) {
        guard advancesElection, replica.canCampaign else { return }
        advancesElection = false
        guard replica.isLoneVoter else { return }
        try replica.step(.campaign, into: &wanted)
    }

    private mutating func askForReads(_ now: Int64) throws(StepError) {
        let deadline = now + settings.requestTimeoutMilliseconds
        guard let ticket = reads.takeTicket(deadline: deadline) else { return }
        try replica.step(.read(ticket), into: &wanted)
    }

    /// Several ticks that are due at once count once: a pause of this process is no pause of time
    /// for the others, but catching up all ticks would campaign before reading their messages.
    private mutating func tickIfDue(
        _ now: Int64, _ isConnected: (MemberID) -> Bool, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        guard now >= nextTick else { return }
        try replica.step(.tick, into: &wanted)
        nextTick = max(nextTick + settings.tickMilliseconds, now + 1)
        effects.append(.publishDetails(replica.status))
        noteConnection(now, isConnected, into: &effects)
        try expireReads(now, into: &effects)
        if let index = replica.takeSnapshotRequest() {
            effects.append(.apply(.snapshot(atLeast: index.rawValue), isQuiet: false))
        }
    }

    /// Proposals that are on their way to a leader may be lost with the connection to it.
    private mutating func noteConnection(
        _ now: Int64, _ isConnected: (MemberID) -> Bool, into effects: inout [ConsensusEffect]
    ) {
        guard let leader = replica.leader else { return }
        let wasReachable = isLeaderReachable
        isLeaderReachable = leader == replica.id || isConnected(leader)
        guard wasReachable, !isLeaderReachable else { return }
        effects.append(.apply(.leaderConnectionLost(at: now), isQuiet: true))
    }
}

/// Proposals.
extension ConsensusStage {
    private mutating func propose(
        _ now: Int64, _ isConnected: (MemberID) -> Bool, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        if !held.isEmpty { held.dropExpired(now) }
        takeLeaderProposals()
        guard !proposals.isEmpty || !membershipChanges.isEmpty || !held.isEmpty else { return }
        let destination = destination(isConnected)
        if let destination { try releaseHeld(to: destination, into: &effects) }
        let deadline = now + settings.requestTimeoutMilliseconds
        let batch = register(deadline, destination, into: &effects)
        if !proposals.isEmpty {
            if destination != nil {
                try replica.step(.propose(proposals), into: &wanted)
            } else {
                hold(.proposals(proposals), batch, deadline, ids: proposals.map(\.id), &effects)
            }
            proposals.removeAll(keepingCapacity: true)
        }
        for (id, change) in membershipChanges {
            if destination != nil {
                try replica.step(.changeMembership(id: id, change), into: &wanted)
            } else {
                hold(.membershipChange(id: id, change), batch, deadline, ids: [id], &effects)
            }
        }
        membershipChanges.removeAll(keepingCapacity: true)
    }

    /// The leader that takes proposals now; nil where there is none, where it cannot be reached, or
    /// where it is on its way out.
    private func destination(_ isConnected: (MemberID) -> Bool) -> SentProposals? {
        guard replica.takesProposals, let leader = replica.leader else { return nil }
        guard leader == replica.id || isConnected(leader) else { return nil }
        return SentProposals(term: replica.term.rawValue, leader: leader)
    }

    /// Lets the apply stage know who waits for which answers. What makes them matter is posted
    /// behind, and wakes.
    private mutating func register(
        _ deadline: Int64, _ destination: SentProposals?, into effects: inout [ConsensusEffect]
    ) -> ProposalBatchNumber? {
        guard !registrations.isEmpty else { return nil }
        defer { nextBatch += 1 }
        let batch = ProposalBatch(number: nextBatch, deadline: deadline, sent: destination)
        effects.append(.apply(.expect(registrations, batch), isQuiet: true))
        registrations.removeAll()
        return nextBatch
    }

    private mutating func hold(
        _ what: HeldProposals.Held, _ batch: ProposalBatchNumber?, _ deadline: Int64,
        ids: [UInt64], _ effects: inout [ConsensusEffect]
    ) {
        guard !held.add(what, batch: batch, deadline: deadline) else { return }
        for id in ids {
            effects.append(.apply(.refused(id: id, error: .tooManyRequests), isQuiet: false))
        }
    }

    private mutating func releaseHeld(
        to destination: SentProposals, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        for item in held.takeAll() {
            if let batch = item.batch {
                effects.append(.apply(.sent(batch, destination), isQuiet: true))
            }
            switch item.held {
            case .proposals(let proposals):
                try replica.step(.propose(proposals), into: &wanted)
            case .membershipChange(let id, let change):
                try replica.step(.changeMembership(id: id, change), into: &wanted)
            case .forwarded(let message): try replica.step(.message(message), into: &wanted)
            }
        }
    }

    /// What this member wanted as a leader it proposes as that leader only: a member that stood still
    /// may have been deposed without knowing, and its successor may know better.
    private mutating func takeLeaderProposals() {
        guard !leaderProposals.isEmpty else { return }
        if replica.role == .leader, replica.takesProposals {
            for (term, proposal) in leaderProposals where term == replica.term.rawValue {
                proposals.append(proposal)
            }
        }
        leaderProposals.removeAll(keepingCapacity: true)
    }

    private static func error(_ error: ProposalError) -> EtcdError? {
        switch error {
        case .tooManyUncommittedBytes, .tooManyPendingReads: .tooManyRequests
        case .noLeader, .leaderTransferring, .notMember: nil
        case .configurationChangePending, .configurationIsJoint, .configurationIsNotJoint,
            .malformedConfigurationChange:
            .proposalDropped
        }
    }
}

/// From what the replica wants to what the other stages are given.
extension ConsensusStage {
    private mutating func add(
        _ effect: ReplicaEffect, _ surroundings: ConsensusSurroundings,
        into effects: inout [ConsensusEffect]
    ) {
        switch effect {
        case .install(let snapshot): effects.append(.apply(.install(snapshot), isQuiet: false))
        case .commit(let entries): effects.append(.apply(.entries(entries), isQuiet: false))
        case .write(let write, let isSole):
            // A commit index that moved needs no durable write of its own: it rides with the next.
            let isQuiet = !write.mustSynchronize && write.messagesAfter.isEmpty
            effects.append(.log(.write(write, isSole: isSole), isQuiet: isQuiet))
        case .send(let messages):
            if replica.role == .leader { observe(messages, surroundings.now, into: &effects) }
            effects.append(.send(messages))
        case .sendSnapshot(let message): effects.append(.backend(.send(message)))
        case .role(let state): change(state, into: &effects)
        case .refuse(let id, let error):
            effects.append(.apply(.refused(id: id, error: Self.error(error)), isQuiet: false))
        case .readable(let index, let tickets):
            for ticket in tickets { release(ticket, at: index, surroundings, into: &effects) }
        case .unreadable(let tickets): reads.askAgain(tickets)
        case .releaseLog(let index): effects.append(.log(.release(index), isQuiet: false))
        }
    }

    private mutating func observe(
        _ messages: [Message], _ now: Int64, into effects: inout [ConsensusEffect]
    ) {
        for message in messages where message.type == .heartbeat {
            let exceeded = contention.observe(message.to, atNanoseconds: now * 1_000_000)
            guard let exceeded else { continue }
            effects.append(.heartbeatLate(to: message.to, exceededNanoseconds: exceeded))
        }
    }

    private mutating func change(_ state: SoftState, into effects: inout [ConsensusEffect]) {
        contention.reset()
        let term = replica.term
        let isLeader = state.role == .leader
        effects.append(.apply(.role(isLeader: isLeader, term: term.rawValue), isQuiet: false))
        effects.append(.roleChanged(state, term))
    }

    /// Reads whose index is applied go on at once, the others when the apply stage is there.
    private mutating func release(
        _ ticket: ReadTicket, at index: UInt64, _ surroundings: ConsensusSurroundings,
        into effects: inout [ConsensusEffect]
    ) {
        let addresses = reads.take(ticket)
        guard !addresses.isEmpty else { return }
        guard surroundings.applied >= index else {
            effects.append(.apply(.readable(index: index, addresses), isQuiet: false))
            return
        }
        let term = replica.term.rawValue
        for address in addresses { replies.add(.readable, to: address, term: term) }
    }

    /// While no leader is known a read waits, up to its time-out, and is asked anew each tick.
    private mutating func expireReads(
        _ now: Int64, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        let expired = reads.takeExpired(now)
        if !expired.isEmpty { effects.append(.readsFailed(expired.count)) }
        for address in expired {
            replies.add(.failed(.timeout), to: address, term: replica.term.rawValue)
        }
        for ticket in reads.takeUnconfirmed() {
            try replica.step(.read(ticket), into: &wanted)
        }
    }
}

/// What a caller that found the stage idle may do inline. More is left to the owner, which works it
/// off in one batch with what comes meanwhile: under load that is cheaper for all.
extension ConsensusStage {
    private static let inlineMessagesMax = 16
    private static let inlineEntriesMax = 64

    package static func isBrief(_ inputs: [ConsensusInput]) -> Bool {
        var (messages, entries) = (0, 0)
        for input in inputs {
            switch input {
            case .requests(let requests): messages += requests.count
            case .received(let received):
                messages += received.count
                for message in received { entries += message.entries.count }
            case .replica, .inspect, .own, .ownAsLeader: messages += 1
            }
        }
        return messages <= inlineMessagesMax && entries <= inlineEntriesMax
    }
}
