/// One member of a Raft cluster as a value: ticks, messages and requests in, a `Ready` out.
///
/// It decides the order of the log (Raft paper, and the dissertation for pre-vote, check-quorum,
/// leadership transfer and read indexes), with etcd's messages. It performs nothing itself, reads
/// no clock and draws randomness only from its seed: equal inputs give equal outputs.
///
/// **The caller's part.** After each batch of inputs it takes a `Ready` and
/// 1. sends `messages` at once, in parallel with the disk: a leader's appends need not wait for
///    its own disk, since it counts itself only when its entries are durable;
/// 2. performs `write` after every earlier write; then sends its `messagesAfter` and calls
///    `persisted(through:)` with its number. Persist before send: what promises something for the
///    time after a crash waits here - granted votes, acknowledged entries, and also this member's
///    own requests for votes, so that a term in which it may lead is durable before anyone hears
///    of it;
/// 3. applies `committed` in order, calls `applyConfChange` for changes of membership, and then
///    `applied(to:)`. An installed snapshot is reported by `applied(to:)` too, after
///    `persisted(through:)`.
///
/// Several writes and applications may be under way. Sends are gathered: a batch of proposals
/// becomes one append for each follower, a batch of reads one round of heartbeats, when the
/// `Ready` is taken.
///
/// **Guarantees.** Election safety: at most one leader in a term. Append-only leader. Log
/// matching: entries with equal index and term are equal, and so is all before them. Leader
/// completeness: a leader holds every committed entry. State-machine safety: no two members apply
/// different entries at one index (Raft paper, figure 3).
///
/// **Invariants.** Term and commit index never fall; the vote changes only with the term; nothing
/// at or before the commit index is ever dropped or replaced.
package struct RaftMachine: Sendable {
    package let settings: RaftConfiguration
    package internal(set) var term: Term
    /// Whom this member voted for in `term`.
    package internal(set) var vote: MemberID
    var role: Role
    var log: RaftLog
    var configuration: Configuration
    /// The membership before a snapshot replaced it, while the application is still on its way
    /// to the snapshot's index.
    var superseded: SupersededConfiguration?

    /// Ticks since the leader was heard, or since a leader last looked at its quorum.
    var electionElapsed = 0
    /// Ticks after which this member campaigns, drawn anew for each term.
    var electionTimeout: Int
    private var timeouts: TimeoutGenerator
    /// Ticks since the caller said that the log has stalled; nil while it works.
    var stalledTicks: Int?

    var reads = ReadQueue()
    var readStates: [ReadState] = []
    var messages: [Message] = []
    var messagesAfterWrite: [Message] = []
    var reportedSoftState: SoftState
    var reportedHardState: HardState

    /// What a member is, with exactly what is valid in that role.
    enum Role: Equatable, Sendable {
        case follower(leader: MemberID?)
        /// Asks whether an election could be won, without raising its term.
        case preCandidate
        /// Its own vote counts when the write that carries it is durable.
        case candidate(ownVote: WriteNumber)
        case leader(Leadership)
    }

    struct SupersededConfiguration: Sendable {
        var configuration: Configuration
        /// The snapshot's index.
        var until: LogIndex
    }

    /// State of a leader that holds no buffers.
    struct Leadership: Equatable, Sendable {
        /// What has to be applied here before this leader may read without a round, once it decides
        /// alone: all that others may have applied and acknowledged up to then. See `readsLocally`.
        var aloneFrom: LogIndex
        /// Whom leadership is being handed to.
        var transferTarget: MemberID?
        /// Index of the newest change of membership; while it is not applied, no other is taken.
        var pendingChange: LogIndex
        /// Size of the data of entries of this term that are not committed.
        var uncommittedBytes = 0
        /// Ticks since the last heartbeat.
        var heartbeatElapsed = 0
        /// Whether a round of heartbeats is to be sent with the next `Ready`.
        var isHeartbeatDue = false
    }

    init(
        settings: RaftConfiguration, hardState: HardState, log: RaftLog,
        configuration: Configuration
    ) {
        self.settings = settings
        self.log = log
        self.configuration = configuration
        term = hardState.term
        vote = hardState.vote
        role = .follower(leader: nil)
        timeouts = TimeoutGenerator(seed: settings.seed)
        electionTimeout = timeouts.next(electionTicks: settings.electionTicks)
        reportedSoftState = SoftState(leader: nil, role: .follower)
        reportedHardState = hardState
    }

    /// This member.
    package var id: MemberID {
        settings.id
    }

    /// The leader of the present term, if known.
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

    /// Changes the state of leadership, if this member leads.
    mutating func updateLeadership(_ change: (inout Leadership) -> Void) {
        guard case .leader(var leadership) = role else { return }
        change(&leadership)
        role = .leader(leadership)
    }

    /// Limits on what is sent to one follower without an answer.
    var inflightLimits: InflightLimits {
        InflightLimits(messages: settings.maxInflightMessages, bytes: settings.maxInflightBytes)
    }

    /// Leaves all that belonged to the former role and term.
    mutating func reset(to newTerm: Term) {
        if newTerm != term {
            precondition(newTerm > term, "a term never falls")
            term = newTerm
            vote = .none
        }
        electionElapsed = 0
        electionTimeout = timeouts.next(electionTicks: settings.electionTicks)
        reads = ReadQueue()
        let next = log.lastIndex.next
        for position in configuration.members.indices {
            configuration.members[position].progress =
                Progress(next: next, isRecentlyActive: false)
            configuration.members[position].grantedVote = nil
            configuration.members[position].confirmedReads = 0
        }
    }

    /// Sends at once.
    mutating func send(_ message: Message) {
        var message = message
        message.from = id
        messages.append(message)
    }

    /// Sends when all that was changed up to now is durable.
    ///
    /// Of several acknowledgements to one leader only the newest is kept: it says it all.
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
