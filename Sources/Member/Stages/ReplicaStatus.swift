package import Identifiers
package import MonotonicClock
package import Raft

/// The published status of the consensus stage.
package struct ReplicaStatus: Sendable {
    package var id: MemberID
    package var term: Term = .zero
    package var leader: MemberID?
    package var role: RoleName = .follower
    package var lastIndex: LogIndex = .zero
    package var commitIndex: LogIndex = .zero
    package var leaderChangesSeen = 0
    /// Since when no leader is known; nil while one is.
    package var leaderMissingSince: MonotonicTime?
    package var vote = MemberID(0)
    /// What a leader knows of the other members, as of the last tick.
    package var members: [RaftStatus.MemberStatus] = []

    package init(id: MemberID, now: MonotonicTime) {
        self.id = id
        leaderMissingSince = now
    }

    /// Whether this member leads.
    package var isLeader: Bool { role == .leader }
}
