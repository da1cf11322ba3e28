package import Identifiers

/// State that must be durable besides the log (Raft paper, figure 2, "persistent state").
package struct HardState: Equatable, Sendable {
    package var term: Term
    /// The member voted for in `term`; `.none` if there was no vote.
    package var vote: MemberID
    /// May be stale on disk: it can be recovered from the leader.
    package var commit: LogIndex

    package init(term: Term = .zero, vote: MemberID = .none, commit: LogIndex = .zero) {
        self.term = term
        self.vote = vote
        self.commit = commit
    }

    /// State of a member that never ran.
    package static let initial = HardState()
}

/// Membership as Raft sees it, IDs ascending (raftpb.ConfState).
package struct ConfState: Equatable, Sendable {
    /// Voters; in a joint configuration, those of the incoming half.
    package var voters: [MemberID]
    package var learners: [MemberID]
    /// Voters of the outgoing half; empty if the configuration is not joint.
    package var votersOutgoing: [MemberID]
    /// Outgoing voters that become learners when the joint configuration is left.
    package var learnersNext: [MemberID]
    /// Whether the leader leaves the joint configuration automatically.
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

/// A state of the application that replaces the log through `index`.
package struct Snapshot: Equatable, Sendable {
    package var index: LogIndex
    package var term: Term
    package var confState: ConfState
    /// The application's data; never read by the Raft machine.
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
