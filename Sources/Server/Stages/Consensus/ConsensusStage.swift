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
    package internal(set) var replica: Replica
    /// Answers to be handed over at `deliverReplies`.
    package var replies = ReplyBatch()
    let settings: MemberSettings
    var wanted: [ReplicaEffect] = []
    var proposals: [NumberedProposal] = []
    var registrations: [Registration] = []
    var leaderProposals: [(term: UInt64, proposal: NumberedProposal)] = []
    var membershipChanges: [(id: UInt64, change: ConfChange)] = []
    var nextBatch: ProposalBatchNumber = 0
    var held: HeldProposals
    var reads = PendingReads()
    var nextTick: Int64
    var advancesElection: Bool
    /// Whether the leader could be reached at the last tick.
    var isLeaderReachable = true
    var contention: HeartbeatContention

    package init(_ replica: Replica, settings: MemberSettings, now: Int64) {
        self.replica = replica
        self.replica.settings.appliesSingleVoterCommits = true
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

    mutating func take(
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

    mutating func take(_ request: ClientRequest) {
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

    /// What another member has forwarded while there is no leader, or while leadership is being
    /// handed over, goes to the next leader: the machine would drop it, and its proposer would wait
    /// in vain.
    mutating func receive(_ message: Message, _ now: Int64) throws(StepError) {
        if message.type == .propose, !replica.takesProposals {
            let deadline = now + settings.electionMilliseconds
            if held.add(.forwarded(message), batch: nil, deadline: deadline) { return }
        }
        try replica.step(.message(message), into: &wanted)
    }

    /// A single voter need not wait for an election timeout: nobody else can be leader. It campaigns
    /// as soon as the entries that make it a member are applied.
    mutating func campaignIfAlone() throws(StepError) {
        guard advancesElection, replica.canCampaign else { return }
        advancesElection = false
        guard replica.isSingleVoter else { return }
        try replica.step(.campaign, into: &wanted)
    }

    mutating func askForReads(_ now: Int64) throws(StepError) {
        let deadline = now + settings.requestTimeoutMilliseconds
        guard let ticket = reads.takeTicket(deadline: deadline) else { return }
        try replica.step(.read(ticket), into: &wanted)
    }

    /// Several ticks that are due at once count once: a pause of this process is no pause of time
    /// for the others, but catching up all ticks would campaign before reading their messages.
    mutating func tickIfDue(
        _ now: Int64, _ isConnected: (MemberID) -> Bool, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        guard now >= nextTick else { return }
        try replica.step(.tick, into: &wanted)
        nextTick = max(nextTick + settings.tickMilliseconds, now + 1)
        effects.append(.publishDetails(replica.status))
        noteConnection(now, isConnected, into: &effects)
        try expireReads(now, into: &effects)
    }

    /// Proposals that are on their way to a leader may be lost with the connection to it.
    mutating func noteConnection(
        _ now: Int64, _ isConnected: (MemberID) -> Bool, into effects: inout [ConsensusEffect]
    ) {
        guard let leader = replica.leader else { return }
        let wasReachable = isLeaderReachable
        isLeaderReachable = leader == replica.id || isConnected(leader)
        guard wasReachable, !isLeaderReachable else { return }
        effects.append(.apply(.leaderConnectionLost(at: now), isQuiet: true))
    }
}
