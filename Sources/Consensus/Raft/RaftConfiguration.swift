/// What one member's machine is set to. Defaults are etcd's, where etcd has a limit and nothing
/// else is said.
package struct RaftConfiguration: Sendable {
    /// This member; not zero.
    package var id: MemberID
    /// Ticks without a leader after which a follower campaigns; the real timeout is drawn from
    /// `electionTicks ..< 2 * electionTicks` anew for each term.
    package var electionTicks: Int
    /// Ticks between two heartbeats of a leader.
    package var heartbeatTicks: Int
    /// Ask before raising the term, so that a cut-off member disturbs nobody on its return
    /// (Raft dissertation, section 9.6).
    package var preVote: Bool
    /// A leader that hears no quorum for an election timeout steps down, and members that hear
    /// from their leader ignore vote requests (Raft dissertation, sections 6.2 and 4.2.3).
    package var checkQuorum: Bool
    /// Followers hand proposals on to the leader.
    package var forwardsProposals: Bool
    /// A leader that is removed or demoted becomes a follower at once. etcd leaves it leading
    /// until its process ends, so that the others hear of the commit.
    package var stepsDownOnRemoval: Bool
    /// Greatest size of the entries in one append; one entry may exceed it. Half of etcd's, so that
    /// an append is made, sent and taken in steps that nobody waits long for.
    package var maxMessageBytes: Int
    /// The same for entries that are committed already: nobody waits for the follower that lacks
    /// them, and the smaller its steps are, the less it keeps others from cores and disks.
    package var maxCatchUpBytes: Int
    /// Appends sent to one follower and not yet answered.
    package var maxInflightMessages: Int
    /// Size of the entries in those appends. etcd has no limit; a follower that is far behind
    /// would take the leader's threads and the network for all it lacks at once.
    package var maxInflightBytes: Int
    /// Size of the data of a leader's uncommitted entries; above it proposals are refused.
    package var maxUncommittedBytes: Int
    /// Size of the data of a leader's entries that are not durable on its own disk; above it
    /// proposals are refused, its own and those that are forwarded to it.
    package var maxUnstableBytes: Int
    /// Size of the committed entries handed out and not yet reported as applied.
    package var maxApplyingBytes: Int
    /// Read requests that wait at a leader; above it new ones are dropped.
    package var maxPendingReads: Int
    /// Seed of the election timeouts; members should have different ones.
    package var seed: UInt64
    /// A rule that is switched off, for the simulator to show that it would notice; else nil.
    package var mutation: RaftMutation?

    package init(
        id: MemberID,
        electionTicks: Int = 10,
        heartbeatTicks: Int = 1,
        preVote: Bool = true,
        checkQuorum: Bool = true,
        forwardsProposals: Bool = true,
        stepsDownOnRemoval: Bool = false,
        maxMessageBytes: Int = 512 << 10,
        maxCatchUpBytes: Int = 128 << 10,
        maxInflightMessages: Int = 512,
        maxInflightBytes: Int = 2 << 20,
        maxUncommittedBytes: Int = 256 << 20,
        maxUnstableBytes: Int = 256 << 20,
        maxApplyingBytes: Int = 64 << 20,
        maxPendingReads: Int = 1 << 16,
        seed: UInt64
    ) {
        precondition(id != .none, "a member's id is not zero")
        precondition(heartbeatTicks > 0, "a heartbeat takes at least one tick")
        precondition(electionTicks > heartbeatTicks, "an election takes longer than a heartbeat")
        precondition(maxInflightMessages > 0, "at least one append must be allowed in flight")
        precondition(maxInflightBytes > 0, "at least one byte must be allowed in flight")
        precondition(maxApplyingBytes > 0, "at least one byte must be allowed to be applied")
        self.id = id
        self.electionTicks = electionTicks
        self.heartbeatTicks = heartbeatTicks
        self.preVote = preVote
        self.checkQuorum = checkQuorum
        self.forwardsProposals = forwardsProposals
        self.stepsDownOnRemoval = stepsDownOnRemoval
        self.maxMessageBytes = maxMessageBytes
        self.maxCatchUpBytes = maxCatchUpBytes
        self.maxInflightMessages = maxInflightMessages
        self.maxInflightBytes = maxInflightBytes
        self.maxUncommittedBytes = maxUncommittedBytes
        self.maxUnstableBytes = maxUnstableBytes
        self.maxApplyingBytes = maxApplyingBytes
        self.maxPendingReads = maxPendingReads
        self.seed = seed
    }
}

/// A rule of Raft that the simulator can switch off. Looked at only where the rule holds something
/// back.
package enum RaftMutation: Sendable {
    /// Entries of earlier terms are committed by counting (Raft paper, section 5.4.2, figure 8).
    case commitsEarlierTerms
    /// A leader that a change of membership leaves alone reads without a round as soon as the
    /// change is applied, without what others may have applied behind it.
    case readsAloneAtOnce
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
