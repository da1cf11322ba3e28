package import Identifiers

/// Configuration of one member's Raft machine. Defaults are etcd's where etcd has a limit, unless
/// noted otherwise.
package struct RaftConfiguration: Sendable {
    /// ID of this member; not zero.
    package var id: MemberID
    /// Ticks without a leader after which a follower campaigns; the actual timeout is drawn from
    /// `electionTicks ..< 2 * electionTicks` for each term.
    package var electionTicks: Int
    /// Ticks between two heartbeats of a leader.
    package var heartbeatTicks: Int
    /// Asks for pre-votes before it increments the term, so that a partitioned member does not
    /// disrupt the cluster when it returns (Raft dissertation, section 9.6).
    package var preVote: Bool
    /// A leader that hears from no quorum for an election timeout steps down, and members within
    /// the lease of their leader ignore vote requests (Raft dissertation, sections 6.2 and 4.2.3).
    package var checkQuorum: Bool
    /// Followers forward proposals to the leader.
    package var forwardsProposals: Bool
    /// A leader that is removed or demoted becomes a follower at once. In etcd it stays leader
    /// until its process ends, so that the others learn of the commit.
    package var stepsDownOnRemoval: Bool
    /// Greatest size of the entries in one append; a single entry may exceed it. Half of etcd's, so
    /// that creating, sending and handling an append does not delay other work for long.
    package var messageBytesMax: Int
    /// The same for entries that are already committed: no client waits for a follower that lacks
    /// them, and smaller appends take less CPU and disk time from other work.
    package var catchUpBytesMax: Int
    /// In-flight appends of one follower.
    package var inflightMessagesMax: Int
    /// Size of the entries in those appends. etcd has no limit; without one, catching up a follower
    /// that lags far would occupy the leader's threads and the network.
    package var inflightBytesMax: Int
    /// Size of the data of a leader's uncommitted entries; above it proposals are rejected.
    package var uncommittedBytesMax: Int
    /// Size of the data of a leader's entries that are not durable on its own disk; above it local
    /// and forwarded proposals are rejected.
    package var unstableBytesMax: Int
    /// Size of the committed entries returned in a `Ready` and not yet reported as applied.
    package var applyingBytesMax: Int
    /// Pending read requests at a leader; above it new ones are dropped.
    package var pendingReadsMax: Int
    /// Seed of the election timeouts; should differ between members.
    package var seed: UInt64
    /// A rule that is disabled, so that the simulator can verify its checkers; nil in production.
    package var mutation: RaftMutation?

    package init(
        id: MemberID,
        electionTicks: Int = 10,
        heartbeatTicks: Int = 1,
        preVote: Bool = true,
        checkQuorum: Bool = true,
        forwardsProposals: Bool = true,
        stepsDownOnRemoval: Bool = false,
        messageBytesMax: Int = 512 << 10,
        catchUpBytesMax: Int = 128 << 10,
        inflightMessagesMax: Int = 512,
        inflightBytesMax: Int = 2 << 20,
        uncommittedBytesMax: Int = 256 << 20,
        unstableBytesMax: Int = 256 << 20,
        applyingBytesMax: Int = 64 << 20,
        pendingReadsMax: Int = 1 << 16,
        seed: UInt64
    ) {
        precondition(id != .none, "a member's ID is not zero")
        precondition(heartbeatTicks > 0, "the heartbeat interval is at least one tick")
        precondition(electionTicks > heartbeatTicks, "the election timeout exceeds the heartbeat")
        precondition(inflightMessagesMax > 0, "at least one append must be allowed in flight")
        precondition(inflightBytesMax > 0, "at least one byte must be allowed in flight")
        precondition(applyingBytesMax > 0, "at least one byte must be allowed to be applied")
        self.id = id
        self.electionTicks = electionTicks
        self.heartbeatTicks = heartbeatTicks
        self.preVote = preVote
        self.checkQuorum = checkQuorum
        self.forwardsProposals = forwardsProposals
        self.stepsDownOnRemoval = stepsDownOnRemoval
        self.messageBytesMax = messageBytesMax
        self.catchUpBytesMax = catchUpBytesMax
        self.inflightMessagesMax = inflightMessagesMax
        self.inflightBytesMax = inflightBytesMax
        self.uncommittedBytesMax = uncommittedBytesMax
        self.unstableBytesMax = unstableBytesMax
        self.applyingBytesMax = applyingBytesMax
        self.pendingReadsMax = pendingReadsMax
        self.seed = seed
    }
}

/// A rule of Raft that the simulator can disable. Checked only where the rule takes effect.
package enum RaftMutation: Sendable {
    /// Entries of earlier terms are committed by counting replicas (Raft paper, section 5.4.2,
    /// figure 8).
    case commitsEarlierTerms
    /// A leader that becomes the only member serves local reads as soon as the change is applied,
    /// and ignores later entries that others may have applied.
    case ignoresLocalReadIndex
}

/// Draws election timeouts: the same seed gives the same draws (SplitMix64).
struct TimeoutGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// A number of ticks in `electionTicks ..< 2 * electionTicks`.
    mutating func next(electionTicks: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return electionTicks + Int(mixed % UInt64(electionTicks))
    }
}
