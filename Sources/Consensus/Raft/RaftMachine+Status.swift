/// What can be seen of a machine from outside, for metrics, Status and tests.
package struct RaftStatus: Sendable {
    /// How a leader sends to a member.
    package enum Replication: Equatable, Sendable {
        case probe
        case replicate
        case snapshot(pending: LogIndex)
    }

    /// What a leader knows of another member.
    package struct MemberStatus: Sendable {
        package var id: MemberID
        package var match: LogIndex
        package var next: LogIndex
        package var replication: Replication
        package var isLearner: Bool
        package var isRecentlyActive: Bool
        /// Appends without an answer.
        package var inflightCount: Int
        /// Whether no more are sent before one is answered, over their number or their bytes.
        package var isWindowFull: Bool
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
    /// Empty unless this member leads; without itself.
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
                inflightCount: member.progress.inflight.count,
                isWindowFull: member.progress.inflight.isFull(inflightLimits))
        }
    }

    /// Index of the newest entry known to be committed.
    package var committedIndex: LogIndex { log.committed }

    /// Whether what this member has made durable in its term is thereby committed: it leads, is
    /// the only voter, and no change of that is under way.
    package var commitsAsSingleVoter: Bool {
        guard let leadership, leadership.pendingChange <= log.applied,
            configuration.isSingleVoter
        else { return false }
        return configuration.members.contains { $0.id == id && $0.isIncoming }
    }

    /// Whether this member's applied state holds everything that was ever acknowledged, so that it
    /// may serve linearizable reads without a round: it decides alone, there is no other member, and
    /// it has applied all that others may have acknowledged before.
    ///
    /// Nobody else acknowledges anything from now on, since nobody is sent a commit index. Who
    /// acknowledged an entry before had applied it, and so had heard that it is committed:
    /// - from a leader of an earlier term: then it is in this leader's log (leader completeness,
    ///   Raft paper, figure 3) before the first entry of its own term, where `aloneFrom` begins;
    /// - from this leader, while there was another member: then it is not after this leader's
    ///   commit index at the moment when the change was applied that left it alone, and
    ///   `aloneFrom` is at least that. It may well be after the change itself, as entries behind
    ///   the change are committed before the change is applied;
    /// - from a leader of a later term: there is none while this member leads. A candidate needs
    ///   this member's vote, which ends its leadership, unless its configuration is older than
    ///   the one in which the last removal was committed. A quorum of that one acknowledged the
    ///   removal, together with a commit index past the change before it: those members do not
    ///   campaign before they have applied that one, and vote for no shorter log.
    ///
    /// A learner counts as another member: it has no vote, but applies and may have proposed.
    /// A log that stalls changes nothing: what is not durable here is not committed and not applied,
    /// so nobody acknowledged it.
    package var readsLocally: Bool {
        guard let leadership, configuration.members.count == 1 else { return false }
        return leadership.aloneFrom <= log.applied && commitsAsSingleVoter
    }

    /// Whether so much is being applied that further committed entries are not given out.
    package var holdsCommittedBack: Bool { log.holdsCommittedBack }

    /// Index up to which the application reported entries as applied.
    package var appliedIndex: LogIndex { log.applied }

    /// Index of the newest entry.
    package var lastIndex: LogIndex { log.lastIndex }

    /// Index of the oldest entry kept.
    package var firstIndex: LogIndex { log.firstIndex }

    /// Membership as far as it was applied.
    package var confState: ConfState { configuration.confState }

    /// Term of an entry; nil if it was compacted or does not exist.
    package func term(at index: LogIndex) -> Term? {
        log.term(at: index)
    }

    /// Entries from `first` through `last`, at least one if there is one, cut before the limit.
    ///
    /// Entries before `firstIndex` are left out.
    package func entries(
        from first: LogIndex, through last: LogIndex, maxBytes: Int
    ) -> [Entry] {
        log.entries(from: max(first, log.firstIndex), through: last, maxBytes: maxBytes)
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
