package import Identifiers
package import MonotonicClock
package import Raft
import Replica
package import StateMachine
import Synchronization

/// The status that a member publishes. Any thread reads it; each part is written by the stage that
/// owns it.
package final class PublishedStatus: Sendable {
    private let published: Mutex<ReplicaStatus>
    /// The published term, readable without the lock.
    private let publishedTerm = Atomic<UInt64>(0)
    private let appliedIndex: Atomic<UInt64>
    private let committedIndex = Atomic<UInt64>(0)
    private let pending = Atomic<Int>(0)
    private let isLearnerFlag: Atomic<Bool>
    private let localRead = Atomic<Bool>(false)
    private let hasFailed = Atomic<Bool>(false)
    private let isStopping = Atomic<Bool>(false)
    private let joinsAsLearner: Bool

    /// - Parameter now: the present time.
    package init(
        id: MemberID, state: borrowing StateMachine, configuration: MemberConfiguration,
        now: MonotonicTime
    ) {
        published = Mutex(ReplicaStatus(id: id, now: now))
        appliedIndex = Atomic(state.appliedIndex.rawValue)
        joinsAsLearner = configuration.joinsAsLearner
        isLearnerFlag = Atomic(state.membership.local?.isLearner ?? configuration.joinsAsLearner)
    }

    /// The last published view of the consensus stage.
    ///
    /// An applied entry is committed, even if the consensus stage does not know it yet.
    package var replica: ReplicaStatus {
        let applied = self.applied
        return published.withLock { published in
            var status = published
            status.commitIndex = max(status.commitIndex, applied)
            return status
        }
    }

    /// The term of `replica`, for response headers.
    package var term: Term { Term(publishedTerm.load(ordering: .relaxed)) }

    /// Whether this member is a learner as far as it has applied; before that, as it joined.
    package var isLearner: Bool { isLearnerFlag.load(ordering: .relaxed) }

    /// Index of the last applied entry.
    package var applied: LogIndex { LogIndex(appliedIndex.load(ordering: .acquiring)) }

    /// Index of the last entry that the consensus stage knows to be committed.
    package var committed: LogIndex { LogIndex(committedIndex.load(ordering: .relaxed)) }

    /// Proposals that wait for their response.
    package var pendingProposals: Int { pending.load(ordering: .relaxed) }

    /// Whether the member has stopped, because of a failure or on request.
    package var hasStopped: Bool {
        hasFailed.load(ordering: .acquiring) || isStopping.load(ordering: .acquiring)
    }

    /// Whether a linearizable read may be served at once; see `Replica.readsLocally`.
    package var readsLocally: Bool { localRead.load(ordering: .acquiring) }
}

/// For the stages.
extension PublishedStatus {
    /// Consensus stage.
    package func publish(_ summary: ReplicaSummary, now: @autoclosure () -> MonotonicTime) {
        localRead.store(summary.readsLocally, ordering: .releasing)
        committedIndex.store(summary.committedIndex.rawValue, ordering: .relaxed)
        published.withLock { published in
            if published.leader != summary.leader {
                if summary.leader != nil { published.leaderChangesSeen += 1 }
                published.leaderMissingSince = summary.leader == nil ? now() : nil
            }
            published.term = summary.term
            publishedTerm.store(summary.term.rawValue, ordering: .relaxed)
            published.vote = summary.vote
            published.leader = summary.leader
            published.role = summary.role
            published.lastIndex = summary.lastIndex
            published.commitIndex = summary.committedIndex
        }
    }

    /// Consensus stage.
    package func publishDetails(_ status: RaftStatus) {
        published.withLock { $0.members = status.members }
    }

    /// Apply stage.
    package func recordApplied(_ index: LogIndex) {
        appliedIndex.store(index.rawValue, ordering: .releasing)
    }

    /// Apply stage.
    package func recordPendingProposals(_ count: Int) { pending.store(count, ordering: .relaxed) }

    /// Apply stage.
    ///
    /// - Parameter isLearner: nil while the log does not name this member.
    package func recordRole(isLearner: Bool?) {
        isLearnerFlag.store(isLearner ?? joinsAsLearner, ordering: .relaxed)
    }

    /// The member cannot continue.
    ///
    /// - Returns: whether this is the first failure.
    package func recordFailure() -> Bool {
        !hasFailed.exchange(true, ordering: .acquiringAndReleasing)
    }

    package func recordStopping() { isStopping.store(true, ordering: .releasing) }
}
