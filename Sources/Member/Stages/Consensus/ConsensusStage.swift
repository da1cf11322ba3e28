import EtcdAPI
package import Identifiers
package import MonotonicClock
package import Raft
package import Replica
import StateMachine

/// The consensus stage of a member: takes all queued inputs as one batch, steps the replica, and
/// returns ordered effects.
///
/// What it is: the replica together with what Raft does not cover - proposals that wait for a
/// leader, reads that wait for their index, the tick clock. A value in memory only: time, applied
/// index and connections are passed in, effects are returned.
///
/// Guarantees: a proposal is passed to the replica once, and only while there is a reachable
/// leader; a read completes once; effects are in the order in which they have to be performed
/// (`ReplicaEffect`).
package struct ConsensusStage {
    package internal(set) var replica: Replica
    /// Completions to be delivered at `deliverCompletions`.
    package var completions = CompletionBatch()
    let configuration: MemberConfiguration
    var wanted: [ReplicaEffect] = []
    var proposals: [NumberedProposal] = []
    var registrations: [Registration] = []
    var leaderProposals: [(term: Term, proposal: NumberedProposal)] = []
    var membershipChanges: [(id: UInt64, change: ConfChange)] = []
    var nextBatch: ProposalBatchNumber = 0
    var held: HeldProposals
    var reads = PendingReads()
    var nextTick: MonotonicTime
    var advancesElection: Bool
    /// Whether the leader was reachable at the last tick.
    var isLeaderReachable = true
    var contention: HeartbeatContention

    package init(_ replica: Replica, configuration: MemberConfiguration, now: MonotonicTime) {
        self.replica = replica
        self.replica.configuration.appliesSingleVoterCommits = true
        self.configuration = configuration
        held = HeldProposals(bytesMax: configuration.heldBytesMax)
        advancesElection = configuration.advancesFirstElection
        contention = HeartbeatContention(heartbeatInterval: configuration.tickInterval)
        nextTick = now + configuration.tickInterval
    }

    /// When a run is due without any input.
    package var deadline: MonotonicTime { nextTick }

    /// Takes inputs and appends effects.
    ///
    /// - Parameter isConnected: whether there is a connection to this member now.
    /// - Throws: `StepError.brokenInvariant`, after which the member must stop.
    package mutating func run(
        _ inputs: [ConsensusInput], _ context: ConsensusContext,
        isConnected: (MemberID) -> Bool, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        let now = context.now
        for input in inputs { try take(input, now, into: &effects) }
        try campaignIfSingleVoter()
        try propose(now, isConnected, into: &effects)
        try requestReadIndex(now)
        try tickIfDue(now, isConnected, into: &effects)
        replica.takeEffects(into: &wanted)
        effects.append(.publish(ReplicaSummary(replica)))
        for effect in wanted { add(effect, context, into: &effects) }
        wanted.removeAll(keepingCapacity: true)
        if !completions.isEmpty { effects.append(.deliverCompletions) }
    }

    /// Fails the waiting reads.
    package mutating func finish(into effects: inout [ConsensusEffect]) {
        for address in reads.takeAll() { completions.add(.failed(.stopped), to: address, term: 0) }
        effects.append(.deliverCompletions)
    }

    mutating func take(
        _ input: ConsensusInput, _ now: MonotonicTime, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        switch input {
        case .requests(let requests):
            for request in requests { take(request) }
        case .replica(let input): try replica.step(input, into: &wanted)
        case .received(let messages):
            for message in messages { try receive(message, now) }
        case .inspect(let body): effects.append(.inspected(body, replica.status))
        case .own(let proposal): proposals.append(proposal)
        case .ownAsLeader(let term, let proposal): leaderProposals.append((term, proposal))
        }
    }

    mutating func take(_ request: ClientRequest) {
        switch request {
        case .propose(let proposal, let completion):
            registrations.append(Registration(id: proposal.id, address: completion))
            proposals.append(proposal)
        case .read(let completion): reads.add(completion)
        case .changeMembership(let id, let change, let completion):
            registrations.append(Registration(id: id, address: completion))
            membershipChanges.append((id, change))
        }
    }

    /// Proposals that another member forwards while there is no leader, or during a transfer of
    /// leadership, are held for the next leader: the machine would drop them, and the proposer
    /// would wait in vain.
    mutating func receive(_ message: Message, _ now: MonotonicTime) throws(StepError) {
        if message.type == .propose, !replica.takesProposals {
            let deadline = now + configuration.electionTimeout
            if held.add(.forwarded(message), batch: nil, deadline: deadline) { return }
        }
        try replica.step(.message(message), into: &wanted)
    }

    /// A single voter need not wait for an election timeout: no other member can be leader. It
    /// campaigns as soon as the entries that make it a member are applied.
    mutating func campaignIfSingleVoter() throws(StepError) {
        guard advancesElection, replica.canCampaign else { return }
        advancesElection = false
        guard replica.isSingleVoter else { return }
        try replica.step(.campaign, into: &wanted)
    }

    mutating func requestReadIndex(_ now: MonotonicTime) throws(StepError) {
        let deadline = now + configuration.requestTimeout
        guard let request = reads.takeRequest(deadline: deadline) else { return }
        try replica.step(.read(request), into: &wanted)
    }

    /// Overdue ticks count as one: catching up would campaign before the messages received during
    /// the pause are read.
    mutating func tickIfDue(
        _ now: MonotonicTime, _ isConnected: (MemberID) -> Bool,
        into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        guard now >= nextTick else { return }
        try replica.step(.tick, into: &wanted)
        nextTick = max(nextTick + configuration.tickInterval, now + .milliseconds(1))
        effects.append(.publishDetails(replica.status))
        checkLeaderConnection(now, isConnected, into: &effects)
        try expireReads(now, into: &effects)
    }

    /// Proposals in flight to a leader may be lost with the connection to it.
    mutating func checkLeaderConnection(
        _ now: MonotonicTime, _ isConnected: (MemberID) -> Bool,
        into effects: inout [ConsensusEffect]
    ) {
        guard let leader = replica.leader else { return }
        let wasReachable = isLeaderReachable
        isLeaderReachable = leader == replica.id || isConnected(leader)
        guard wasReachable, !isLeaderReachable else { return }
        effects.append(.apply(.leaderConnectionLost(at: now), isDeferrable: true))
    }
}
