package import Identifiers

/// The Raft state machine of one member, as a value type: the inputs are ticks, messages and
/// requests, the output is a `Ready`.
///
/// It implements Raft (Raft paper, and the dissertation for pre-vote, check-quorum, leadership
/// transfer and ReadIndex) with etcd's messages. It performs no I/O, reads no clock and draws
/// randomness only from its seed: equal inputs give equal outputs.
///
/// **Contract of the caller.** After each batch of inputs it takes a `Ready` and
/// 1. sends `messages` at once, in parallel with the disk: a leader's appends need not wait for its
///    own disk, since it counts itself only when its entries are durable;
/// 2. performs `write` after every earlier write; then sends its `messagesAfter` and calls
///    `persisted(through:)` with its number. Persist before send: messages that depend on durable
///    state wait here - granted votes, acknowledged entries, and also this member's own vote
///    requests, so that a term in which it may lead is durable before other members learn of it;
/// 3. applies `committed` in order, calls `applyConfChange` for configuration changes, and then
///    `applied(to:)`. An installed snapshot is reported by `applied(to:)` too, after
///    `persisted(through:)`.
///
/// Several writes and applies may be in progress. Sends are batched: when the `Ready` is taken, a
/// batch of proposals becomes one append for each follower, a batch of reads one heartbeat
/// broadcast.
///
/// **Guarantees.** Election safety: at most one leader in a term. Append-only leader. Log
/// matching: entries with equal index and term are equal, and so is all before them. Leader
/// completeness: a leader holds every committed entry. State-machine safety: no two members apply
/// different entries at one index (Raft paper, figure 3).
///
/// **Invariants.** Term and commit index never decrease; the vote changes only with the term; no
/// entry at or before the commit index is ever removed or replaced.
package struct RaftMachine: Sendable {
    package let raftConfiguration: RaftConfiguration
    package internal(set) var term: Term
    /// The member voted for in `term`.
    package internal(set) var vote: MemberID
    var role: Role
    var log: RaftLog
    var configuration: ClusterConfiguration
    /// The membership before a snapshot replaced it, until the application has applied the
    /// snapshot.
    var superseded: SupersededConfiguration?

    /// Ticks since the last message of the leader, or since a leader's last check-quorum.
    var electionElapsed = 0
    /// Ticks after which this member campaigns, drawn for each term.
    var electionTimeout: Int
    private var timeouts: TimeoutGenerator
    /// Ticks since the caller reported that the log is stalled; nil while it works.
    var stalledTicks: Int?

    var reads = ReadQueue()
    var readStates: [ReadState] = []
    var messages: [Message] = []
    var messagesAfterWrite: [Message] = []
    var reportedSoftState: SoftState
    var reportedHardState: HardState

    /// The role of a member, with the state that is valid in that role.
    enum Role: Equatable, Sendable {
        case follower(leader: MemberID?)
        /// Asks whether an election could be won, without incrementing its term.
        case preCandidate
        /// Its own vote counts when the write that contains it is durable.
        case candidate(ownVote: WriteNumber)
        case leader(Leadership)
    }

    struct SupersededConfiguration: Sendable {
        var configuration: ClusterConfiguration
        /// The snapshot's index.
        var until: LogIndex
    }

    /// State of a leader, without buffers.
    struct Leadership: Equatable, Sendable {
        /// Index that must be applied here before this leader may serve local reads, once it is the
        /// only member: all that others may have applied and acknowledged. See `readsLocally`.
        var localReadIndex: LogIndex
        /// Target of a leadership transfer in progress.
        var transferTarget: MemberID?
        /// Index of the newest configuration change; until it is applied, no other is accepted.
        var pendingChange: LogIndex
        /// Size of the data of entries of this term that are not committed.
        var uncommittedBytes = 0
        /// Ticks since the last heartbeat.
        var heartbeatElapsed = 0
        /// Whether heartbeats are broadcast with the next `Ready`.
        var isHeartbeatDue = false
    }

    init(
        raftConfiguration: RaftConfiguration, hardState: HardState, log: RaftLog,
        configuration: ClusterConfiguration
    ) {
        self.raftConfiguration = raftConfiguration
        self.log = log
        self.configuration = configuration
        term = hardState.term
        vote = hardState.vote
        role = .follower(leader: nil)
        timeouts = TimeoutGenerator(seed: raftConfiguration.seed)
        electionTimeout = timeouts.next(electionTicks: raftConfiguration.electionTicks)
        reportedSoftState = SoftState(leader: nil, role: .follower)
        reportedHardState = hardState
    }

    /// ID of this member.
    package var id: MemberID {
        raftConfiguration.id
    }

    /// The leader of the current term, if known.
    package var leader: MemberID? {
        switch role {
        case .follower(let leader): leader
        case .preCandidate, .candidate: nil
        case .leader: id
        }
    }

    package var roleName: RoleName {
        switch role {
        case .follower: .follower
        case .preCandidate: .preCandidate
        case .candidate: .candidate
        case .leader: .leader
        }
    }

    package var isLeader: Bool {
        leadership != nil
    }

    /// State of leadership; nil in any other role.
    var leadership: Leadership? {
        if case .leader(let leadership) = role { return leadership }
        return nil
    }

    /// Modifies the state of leadership, if this member leads.
    mutating func updateLeadership(_ change: (inout Leadership) -> Void) {
        guard case .leader(var leadership) = role else { return }
        change(&leadership)
        role = .leader(leadership)
    }

    /// Limits on the in-flight appends of one follower.
    var inflightLimits: InflightLimits {
        InflightLimits(
            messagesMax: raftConfiguration.inflightMessagesMax,
            bytesMax: raftConfiguration.inflightBytesMax)
    }

    /// Resets the state of the former role and term.
    mutating func reset(to newTerm: Term) {
        if newTerm != term {
            precondition(newTerm > term, "the term never decreases")
            term = newTerm
            vote = .none
        }
        electionElapsed = 0
        electionTimeout = timeouts.next(electionTicks: raftConfiguration.electionTicks)
        reads = ReadQueue()
        let next = log.lastIndex.next
        for position in configuration.members.indices {
            configuration.members[position].progress =
                Progress(next: next, isRecentlyActive: false)
            configuration.members[position].grantedVote = nil
            configuration.members[position].confirmedReads = 0
        }
    }

    /// Sends without waiting for the disk.
    mutating func send(_ message: Message) {
        var message = message
        message.from = id
        messages.append(message)
    }

    /// Sends when all changes so far are durable.
    ///
    /// Of several acknowledgements to one leader only the newest is kept: it covers the others.
    mutating func sendAfterWrite(_ message: Message) {
        var message = message
        message.from = id
        if let last = messagesAfterWrite.last, last.type == .appendResponse, !last.isRejected,
            message.type == .appendResponse, !message.isRejected, last.to == message.to,
            last.term == message.term, last.index <= message.index
        {
            messagesAfterWrite.removeLast()
        }
        messagesAfterWrite.append(message)
    }
}
