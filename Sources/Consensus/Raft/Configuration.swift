/// One member as the machine keeps it: what it is, and what a leader or candidate knows of it.
struct Member: Equatable, Sendable {
    /// What a member counts for. The last three exist only in a joint configuration.
    enum Role: Equatable, Sendable {
        case learner
        /// A voter; while joint, of both halves.
        case voter
        /// A voter of the incoming half only.
        case joiningVoter
        /// A voter of the outgoing half only; gone when the joint configuration is left.
        case leavingVoter
        /// A voter of the outgoing half only; a learner when the joint configuration is left.
        case demotedVoter
    }

    let id: MemberID
    var role: Role
    var progress: Progress
    /// The answer to the present campaign: true if granted.
    var grantedVote: Bool?
    /// Greatest read round that it confirmed to this leader.
    var confirmedReads: UInt64 = 0

    /// Votes in the half that stays.
    var isIncoming: Bool {
        role == .voter || role == .joiningVoter
    }

    /// Votes in the half that goes, if the configuration is joint.
    var isOutgoing: Bool {
        role == .voter || role == .leavingVoter || role == .demotedVoter
    }

    var isLearner: Bool {
        role == .learner
    }
}

/// The members, ascending by id, and whether decisions need both halves of a joint configuration
/// (Raft paper, section 6).
struct Configuration: Equatable, Sendable {
    enum Phase: Equatable, Sendable {
        case simple
        case joint(autoLeave: Bool)
    }

    var members: [Member] = []
    var phase = Phase.simple

    var isJoint: Bool {
        phase != .simple
    }

    /// Whether one voter decides alone.
    var isSingleVoter: Bool {
        !isJoint && members.reduce(0) { $0 + ($1.isIncoming ? 1 : 0) } == 1
    }

    /// Position of a member, or nil if it is none.
    func position(of id: MemberID) -> Int? {
        members.firstIndex { $0.id == id }
    }

    /// The membership in its exchanged form.
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
