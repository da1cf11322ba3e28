import EtcdAPI
import Raft
import Replica
import StateMachine

/// What reaches the consensus thread.
enum ConsensusMessage: Sendable {
    case requests([ClientRequest])
    case input(ReplicaInput)
    /// From other members.
    case received([Message])
    /// Somebody wants to see the machine.
    case look(@Sendable (RaftStatus) -> Void)
    /// A proposal of the member itself, whose answer nobody waits for.
    case own(id: UInt64, data: [UInt8])
    /// A proposal of the member as the leader of a term: worth nothing once it is not that any more.
    case ownAsLeader(term: UInt64, NumberedProposal)
}

/// Runs the replica: takes all that waits as one batch, steps the machine, performs its effects.
///
/// Owned by who has the turn: `replica`, `effects`, the maps of waiting requests. A turn is memory
/// alone, and what it does to others it posts, so that any thread can run a small one.
final class ConsensusThread: TurnTaker {
    private let runtime: ReplicaRuntime
    private var replica: Replica
    private var effects = ReplicaEffects()
    private var proposals: [NumberedProposal] = []
    private var leaderProposals: [(term: UInt64, proposal: NumberedProposal)] = []
    private var registrations: [Registration] = []
    private var readers: [ReadTicket: Reader] = [:]
    private var nextTicket: ReadTicket = 0
    private var nextTick: Int64
    private let tickMilliseconds: Int64
    private var advancesElection: Bool
    /// Proposals that came while there was no leader; they go in once there is one.
    private var held: [(proposals: [NumberedProposal], deadline: Int64)] = []
    private var heldBytes = 0
    /// Bytes of proposals that may wait for a leader.
    private static let heldBytesMaximum = 64 << 20
    private var committedIndex: UInt64 = 0
    private var replies = ReplyBatch()

    private struct Reader {
        let addresses: [ReplyAddress]
        let deadline: Int64
    }

    init(runtime: ReplicaRuntime, replica: Replica) {
        self.runtime = runtime
        self.replica = replica
        self.replica.settings.appliesSoleWrites = true
        tickMilliseconds = runtime.configuration.tickMilliseconds
        advancesElection = runtime.configuration.advancesFirstElection
        nextTick = monotonicMilliseconds() + tickMilliseconds
    }

    var deadline: Int64 { nextTick }

    func turn(_ batch: [ConsensusMessage], by runner: TurnRunner) -> TurnEnd {
        do {
            try turn(batch)
            return .done
        } catch {
            runtime.fail("the consensus machine has stopped: \(error)")
            return .broken
        }
    }

    /// Nobody will answer the reads that wait.
    func finish() {
        for reader in readers.values {
            for address in reader.addresses { replies.add(.failed(.stopped), to: address, term: 0) }
        }
        for address in gathered { replies.add(.failed(.stopped), to: address, term: 0) }
        readers.removeAll()
        gathered.removeAll()
        replies.deliver()
    }

    /// A lone voter need not wait for an election timeout: nobody else can be leader. It campaigns
    /// as soon as the entries that make it a member are applied.
    private func campaignIfAlone() throws {
        guard advancesElection, replica.canCampaign else { return }
        advancesElection = false
        guard replica.isLoneVoter else { return }
        try replica.step(.campaign, into: &effects)
    }

    private func turn(_ batch: [ConsensusMessage]) throws {
        effects.removeAll()
        for message in batch { try handle(message) }
        try campaignIfAlone()
        try flushProposals()
        try tickIfDue()
        replica.takeEffects(into: &effects)
        perform()
        publish()
    }

    private func handle(_ message: ConsensusMessage) throws {
        switch message {
        case .requests(let requests):
            for request in requests { try handle(request) }
        case .input(let input):
            try replica.step(input, into: &effects)
        case .received(let messages):
            runtime.noteTaken(messages.count)
            for message in messages { try replica.step(.message(message), into: &effects) }
        case .look(let look): look(replica.status)
        case .own(let id, let data):
            proposals.append(NumberedProposal(id: id, data: data))
        case .ownAsLeader(let term, let proposal): leaderProposals.append((term, proposal))
        }
    }

    private func handle(_ request: ClientRequest) throws {
        switch request {
        case .propose(let id, let data, let reply):
            registrations.append(Registration(id: id, address: reply))
            proposals.append(NumberedProposal(id: id, data: data))
        case .read(let reply):
            gather(reply)
        case .changeMembership(let id, let change, let reply):
            registrations.append(Registration(id: id, address: reply))
            try replica.step(.changeMembership(id: id, change), into: &effects)
        }
    }

    private var gathered: [ReplyAddress] = []

    private func gather(_ reply: ReplyAddress) { gathered.append(reply) }

    private func flushProposals() throws {
        if !registrations.isEmpty {
            let deadline =
                monotonicMilliseconds() + runtime.configuration.requestTimeoutMilliseconds
            // What makes them matter is posted behind them, and wakes.
            runtime.apply.postQuietly(.expect(registrations, deadline: deadline))
            registrations.removeAll(keepingCapacity: true)
        }
        try releaseHeld()
        takeLeaderProposals()
        if !proposals.isEmpty {
            if takesProposals {
                try replica.step(.propose(proposals), into: &effects)
            } else {
                hold(proposals)
            }
            proposals.removeAll(keepingCapacity: true)
        }
        if !gathered.isEmpty {
            let deadline =
                monotonicMilliseconds() + runtime.configuration.requestTimeoutMilliseconds
            readers[nextTicket] = Reader(addresses: gathered, deadline: deadline)
            try replica.step(.read(nextTicket), into: &effects)
            nextTicket += 1
            gathered.removeAll(keepingCapacity: true)
        }
    }

    /// What this member wanted as a leader it proposes as that leader only: a member that stood still
    /// may have been deposed without knowing, and its successor may know better.
    private func takeLeaderProposals() {
        guard !leaderProposals.isEmpty else { return }
        if replica.role == .leader, replica.takesProposals {
            for (term, proposal) in leaderProposals where term == replica.term.rawValue {
                proposals.append(proposal)
            }
        }
        leaderProposals.removeAll(keepingCapacity: true)
    }

    /// A proposal that is sent to a leader which cannot be reached is lost, and nobody could tell
    /// its proposer; it waits for the link or for the next leader.
    private var takesProposals: Bool {
        guard replica.takesProposals, let leader = replica.leader else { return false }
        return leader == replica.id || runtime.carrier.isConnected(to: leader)
    }

    private func hold(_ proposals: [NumberedProposal]) {
        let size = Self.sizeBytes(proposals)
        guard heldBytes + size <= Self.heldBytesMaximum else {
            for proposal in proposals {
                runtime.apply.post(.refused(id: proposal.id, error: .tooManyRequests))
            }
            return
        }
        heldBytes += size
        let timeout = runtime.configuration.requestTimeoutMilliseconds
        held.append((proposals, monotonicMilliseconds() + timeout))
    }

    private static func sizeBytes(_ proposals: [NumberedProposal]) -> Int {
        proposals.reduce(0) { $0 + $1.data.count }
    }

    /// What nobody waits for any more is not proposed.
    private func releaseHeld() throws {
        guard !held.isEmpty else { return }
        let now = monotonicMilliseconds()
        held.removeAll { waiting in
            guard waiting.deadline <= now else { return false }
            heldBytes -= Self.sizeBytes(waiting.proposals)
            return true
        }
        guard takesProposals else { return }
        for waiting in held { try replica.step(.propose(waiting.proposals), into: &effects) }
        held.removeAll()
        heldBytes = 0
    }

    /// Several ticks that are due at once count once: a pause of this process is no pause of time
    /// for the others, but catching up all ticks would campaign before reading their messages.
    private func tickIfDue() throws {
        let now = monotonicMilliseconds()
        guard now >= nextTick else { return }
        try replica.step(.tick, into: &effects)
        nextTick = max(nextTick + tickMilliseconds, now + 1)
        runtime.publishDetails(replica.status)
        expireReaders(now)
        if let index = replica.takeSnapshotRequest() {
            runtime.apply.post(.snapshot(atLeast: index.rawValue))
        }
    }

    private func perform() {
        // Entries of a sole write are applied behind all that was given out before it.
        if !effects.soleWrites.isEmpty { postCommitted() }
        for write in effects.writes { post(write) }
        send()
        if let state = effects.softState {
            runtime.apply.post(.role(isLeader: state.role == .leader, term: replica.term.rawValue))
            runtime.observer.roleChanged(state, term: replica.term)
        }
        if let snapshot = effects.installation { runtime.apply.post(.install(snapshot)) }
        postCommitted()
        for refused in effects.refused {
            runtime.apply.post(.refused(id: refused.id, error: Self.error(refused.error)))
        }
        for readable in effects.readable {
            let addresses = readable.tickets.compactMap { readers.removeValue(forKey: $0) }
                .flatMap(\.addresses)
            release(addresses, at: readable.index)
        }
        replies.deliver()
        for ticket in effects.unreadable { askAgain(ticket) }
        if let index = effects.releasedLog { runtime.log.post(.release(index)) }
    }

    /// Snapshots go by way of the backend thread, which adds the state.
    private func send() {
        guard !effects.messages.isEmpty else { return }
        if effects.messages.contains(where: { $0.type == .snapshot }) {
            for message in effects.messages where message.type == .snapshot {
                runtime.backend.post(.send(message))
            }
            effects.messages.removeAll { $0.type == .snapshot }
        }
        if !effects.messages.isEmpty { runtime.carrier.send(effects.messages) }
    }

    private func postCommitted() {
        guard let last = effects.committed.last else { return }
        committedIndex = last.index.rawValue
        runtime.apply.post(.entries(effects.committed))
        effects.committed.removeAll(keepingCapacity: true)
    }

    /// A commit index that moved needs no durable write of its own: it rides with the next.
    private func post(_ write: LogWrite) {
        let isSole = effects.soleWrites.contains(write.number)
        if write.mustSynchronize || !write.messagesAfter.isEmpty {
            runtime.log.post(.write(write, isSole: isSole))
        } else {
            runtime.log.postQuietly(.write(write, isSole: isSole))
        }
    }

    /// Reads whose index is applied go on at once, the others when the apply thread is there.
    private func release(_ addresses: [ReplyAddress], at index: UInt64) {
        guard runtime.applied >= index else {
            runtime.apply.post(.readable(index: index, addresses))
            return
        }
        let term = replica.term.rawValue
        for address in addresses { replies.add(.readable, to: address, term: term) }
    }

    /// While no leader is known a read waits, up to its time-out, and is asked anew each tick.
    private func askAgain(_ ticket: ReadTicket) {
        guard readers[ticket] != nil else { return }
        retries.append(ticket)
    }

    private var retries: [ReadTicket] = []

    private func expireReaders(_ now: Int64) {
        let again = retries
        retries.removeAll()
        for ticket in again {
            guard let reader = readers[ticket] else { continue }
            if reader.deadline <= now {
                fail(ticket, reader)
            } else {
                runtime.consensus.post(.input(.read(ticket)))
            }
        }
        for (ticket, reader) in readers where reader.deadline <= now { fail(ticket, reader) }
        replies.deliver()
    }

    private func fail(_ ticket: ReadTicket, _ reader: Reader) {
        readers[ticket] = nil
        runtime.observer.readsFailed(reader.addresses.count)
        for address in reader.addresses {
            replies.add(.failed(.timeout), to: address, term: replica.term.rawValue)
        }
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

    private func publish() {
        runtime.publish(replica)
    }
}

/// What a guest may do. More is left to the owner, which works it off in one batch with what
/// comes meanwhile: under load that is cheaper for all.
extension ConsensusThread {
    private static let guestMessagesMax = 16
    private static let guestEntriesMax = 64

    func isBrief(_ batch: [ConsensusMessage]) -> Bool {
        var (messages, entries) = (0, 0)
        for message in batch {
            switch message {
            case .requests(let requests): messages += requests.count
            case .received(let received):
                messages += received.count
                for message in received { entries += message.entries.count }
            case .input, .look, .own, .ownAsLeader: messages += 1
            }
        }
        return messages <= Self.guestMessagesMax && entries <= Self.guestEntriesMax
    }
}
