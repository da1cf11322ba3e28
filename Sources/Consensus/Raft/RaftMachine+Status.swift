package import Identifiers

/// Status of a Raft machine, for metrics, the Status RPC and tests.
package struct RaftStatus: Sendable {
    /// Progress state of a member, as seen by a leader.
    package enum Replication: Equatable, Sendable {
        case probe
        case replicate
        case snapshot(pending: LogIndex)
    }

    /// Progress of another member, as seen by a leader.
    package struct MemberStatus: Sendable {
        package var id: MemberID
        package var match: LogIndex
        package var next: LogIndex
        package var replication: Replication
        package var isLearner: Bool
        package var isRecentlyActive: Bool
        /// Number of unacknowledged appends.
        package var inflightCount: Int
        /// Whether the limit on their number or bytes is reached, so that no more are sent.
        package var areInflightsFull: Bool
    }

    package var id: MemberID
    package var term: Term
    package var vote: MemberID
    package var leader: MemberID?
    package var role: RoleName
    package var committed: LogIndex
    package var applied: LogIndex
    package var firstIndex: LogIndex
    package var lastIndex: LogIndex
    package var confState: ConfState
    package var transferTarget: MemberID?
    package var pendingReadCount: Int
    /// All members except this one; empty unless this member leads.
    package var members: [MemberStatus]
}

extension RaftMachine {
    package var status: RaftStatus {
        RaftStatus(
            id: id, term: term, vote: vote, leader: leader, role: roleName,
            committed: log.committed, applied: log.applied, firstIndex: log.firstIndex,
            lastIndex: log.lastIndex, confState: configuration.confState,
            transferTarget: leadership?.transferTarget, pendingReadCount: reads.count,
            members: isLeader ? memberStatuses : [])
    }

    private var memberStatuses: [RaftStatus.MemberStatus] {
        configuration.members.filter { $0.id != id }.map { member in
            RaftStatus.MemberStatus(
                id: member.id, match: member.progress.match, next: member.progress.next,
                replication: member.progress.replication, isLearner: member.isLearner,
                isRecentlyActive: member.progress.isRecentlyActive,
                inflightCount: member.progress.inflights.count,
                areInflightsFull: member.progress.inflights.isFull(inflightLimits))
        }
    }

    /// Index of the newest entry known to be committed.
    package var committedIndex: LogIndex { log.committed }

    /// Whether entries of this term are committed as soon as they are durable here: this member
    /// leads, is the only voter, and no configuration change is pending.
    package var commitsAsSingleVoter: Bool {
        guard let leadership, leadership.pendingChange <= log.applied,
            configuration.isSingleVoter
        else { return false }
        return configuration.members.contains { $0.id == id && $0.isIncoming }
    }

    /// Whether this member's applied state holds everything that was ever acknowledged to a client,
    /// so that it may serve linearizable reads without a ReadIndex round trip: it is the only
    /// voter, there is no other member, and it has applied all that others may have acknowledged
    /// before.
    ///
    /// From now on no other member acknowledges requests, since none is sent a commit index. A
    /// member that acknowledged an entry before had applied it, and so had learned that it is
    /// committed:
    /// - from a leader of an earlier term: then it is in this leader's log (leader completeness,
    ///   Raft paper, figure 3) before the first entry of its own term, the initial
    ///   `localReadIndex`;
    /// - from this leader, while there was another member: then it is not after this leader's
    ///   commit index at the time when the change that removed the last other member was applied,
    ///   and `localReadIndex` is at least that. It may be after the change itself, since entries
    ///   after the change are committed before the change is applied;
    /// - from a leader of a later term: there is none while this member leads. A candidate needs
    ///   this member's vote, which ends its leadership, unless its configuration is older than the
    ///   one in which the last removal was committed. A quorum of that one acknowledged the
    ///   removal, together with a commit index past the change before it: those members do not
    ///   campaign before they have applied that change, and do not vote for a shorter log.
    ///
    /// A learner counts as another member: it has no vote, but applies entries and may have
    /// proposed some. A stalled log makes no difference: entries that are not durable here are
    /// neither committed nor applied, so they are not acknowledged.
    package var readsLocally: Bool {
        guard let leadership, configuration.members.count == 1 else { return false }
        return leadership.localReadIndex <= log.applied && commitsAsSingleVoter
    }

    /// Whether committed entries are held back since the limit on bytes being applied is reached.
    package var isApplyingPaused: Bool { log.isApplyingPaused }

    /// Index of the newest entry that the application reported as applied.
    package var appliedIndex: LogIndex { log.applied }

    /// Index of the newest entry.
    package var lastIndex: LogIndex { log.lastIndex }

    /// Index of the oldest entry kept.
    package var firstIndex: LogIndex { log.firstIndex }

    /// The applied membership.
    package var confState: ConfState { configuration.confState }

    /// Term of an entry; nil if it was compacted or does not exist.
    package func term(at index: LogIndex) -> Term? {
        log.term(at: index)
    }

    /// Entries from `first` through `last`, cut off before the limit, at least one if there is one.
    ///
    /// Entries before `firstIndex` are omitted.
    package func entries(
        from first: LogIndex, through last: LogIndex, bytesMax: Int
    ) -> [Entry] {
        log.entries(from: max(first, log.firstIndex), through: last, bytesMax: bytesMax)
    }
}

extension Progress {
    fileprivate var replication: RaftStatus.Replication {
        switch state {
        case .probe: .probe
        case .replicate: .replicate
        case .snapshot(let pending): .snapshot(pending: pending)
        }
    }
}
