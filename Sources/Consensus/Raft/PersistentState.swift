/// What a member must not forget besides its log (Raft paper, figure 2, "persistent state").
package struct HardState: Equatable, Sendable {
    package var term: Term
    /// Whom this member voted for in `term`; `.none` if nobody.
    package var vote: MemberID
    /// May lag behind the truth on disk: it can be learnt again.
    package var commit: LogIndex

    package init(term: Term = .zero, vote: MemberID = .none, commit: LogIndex = .zero) {
        self.term = term
        self.vote = vote
        self.commit = commit
    }

    /// State of a member that never ran.
    package static let initial = HardState()
}

/// Membership as Raft sees it, ids ascending (raftpb.ConfState).
package struct ConfState: Equatable, Sendable {
    /// Voters; while joint, those of the incoming configuration.
    package var voters: [MemberID]
    package var learners: [MemberID]
    /// Voters of the outgoing configuration; not empty exactly while joint.
    package var votersOutgoing: [MemberID]
    /// Outgoing voters that turn into learners when the joint configuration is left.
    package var learnersNext: [MemberID]
    /// Whether the leader leaves the joint configuration by itself.
    package var autoLeave: Bool

    package init(
        voters: [MemberID] = [],
        learners: [MemberID] = [],
        votersOutgoing: [MemberID] = [],
        learnersNext: [MemberID] = [],
        autoLeave: Bool = false
    ) {
        self.voters = voters
        self.learners = learners
        self.votersOutgoing = votersOutgoing
        self.learnersNext = learnersNext
        self.autoLeave = autoLeave
    }
}

/// A state of the application that replaces the log up to and including `index`.
package struct Snapshot: Equatable, Sendable {
    package var index: LogIndex
    package var term: Term
    package var confState: ConfState
    /// The application's bytes; the machine never looks at them.
    package var data: [UInt8]

    package init(index: LogIndex, term: Term, confState: ConfState, data: [UInt8] = []) {
        self.index = index
        self.term = term
        self.confState = confState
        self.data = data
    }

    package var id: EntryID {
        EntryID(term: term, index: index)
    }
}
