import Identifiers

/// One member as the Raft machine tracks it: its role, and what a leader or candidate knows of it.
struct Member: Equatable, Sendable {
    /// How a member votes. The last three exist only in a joint configuration.
    enum Role: Equatable, Sendable {
        case learner
        /// A voter; in a joint configuration, of both halves.
        case voter
        /// A voter of the incoming half only.
        case joiningVoter
        /// A voter of the outgoing half only; removed when the joint configuration is left.
        case leavingVoter
        /// A voter of the outgoing half only; becomes a learner when the joint configuration is
        /// left.
        case demotedVoter
    }

    let id: MemberID
    var role: Role
    var progress: Progress
    /// Vote in the current campaign: true if granted, nil if there is no response yet.
    var grantedVote: Bool?
    /// Number of the newest read request that it confirmed to this leader.
    var confirmedReads: UInt64 = 0

    /// Votes in the incoming half.
    var isIncoming: Bool {
        role == .voter || role == .joiningVoter
    }

    /// Votes in the outgoing half, if the configuration is joint.
    var isOutgoing: Bool {
        role == .voter || role == .leavingVoter || role == .demotedVoter
    }

    var isLearner: Bool {
        role == .learner
    }
}

/// The members, ascending by ID, and whether the configuration is joint, so that decisions need
/// both halves (Raft paper, section 6).
struct ClusterConfiguration: Equatable, Sendable {
    enum Phase: Equatable, Sendable {
        case simple
        case joint(autoLeave: Bool)
    }

    var members: [Member] = []
    var phase = Phase.simple

    var isJoint: Bool {
        phase != .simple
    }

    /// Whether the configuration has exactly one voter and is not joint.
    var isSingleVoter: Bool {
        !isJoint && members.reduce(0) { $0 + ($1.isIncoming ? 1 : 0) } == 1
    }

    /// Position of a member in `members`; nil if it is not a member.
    func position(of id: MemberID) -> Int? {
        members.firstIndex { $0.id == id }
    }

    /// The membership as a raftpb.ConfState.
    var confState: ConfState {
        func ids(_ isIncluded: (Member) -> Bool) -> [MemberID] {
            members.filter(isIncluded).map(\.id)
        }
        return ConfState(
            voters: ids(\.isIncoming),
            learners: ids(\.isLearner),
            votersOutgoing: isJoint ? ids(\.isOutgoing) : [],
            learnersNext: ids { $0.role == .demotedVoter },
            autoLeave: phase == .joint(autoLeave: true)
        )
    }
}
