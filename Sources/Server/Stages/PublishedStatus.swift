package import Raft
import Replica
package import StateMachine
import Synchronization

/// What a member lets everybody see of itself without asking. Any thread reads it; each part is
/// written by the stage that owns it.
package final class PublishedStatus: Sendable {
    private let published: Mutex<ReplicaStatus>
    /// The published term, for those who want nothing else.
    private let publishedTerm = Atomic<UInt64>(0)
    private let appliedIndex: Atomic<UInt64>
    private let committedIndex = Atomic<UInt64>(0)
    private let pending = Atomic<Int>(0)
    private let learns: Atomic<Bool>
    private let localRead = Atomic<Bool>(false)
    private let hasFailed = Atomic<Bool>(false)
    private let isStopping = Atomic<Bool>(false)
    private let joinsAsLearner: Bool

    /// - Parameter now: monotonic milliseconds.
    package init(
        id: MemberID, state: borrowing StateMachine, settings: MemberSettings, now: Int64
    ) {
        published = Mutex(ReplicaStatus(id: id, now: now))
        appliedIndex = Atomic(state.appliedIndex)
        joinsAsLearner = settings.joinsAsLearner
        learns = Atomic(state.membership.local?.isLearner ?? settings.joinsAsLearner)
    }

    /// The consensus stage's view as it was last published.
    ///
    /// What is applied is committed, also if the consensus stage has not heard of it yet.
    package var replica: ReplicaStatus {
        let applied = LogIndex(self.applied)
        return published.withLock { published in
            var status = published
            status.commitIndex = max(status.commitIndex, applied)
            return status
        }
    }

    /// The term of `replica`, as headers of answers have it.
    package var term: UInt64 { publishedTerm.load(ordering: .relaxed) }

    /// Whether this member has no vote, as far as it has applied; before that, as it joined.
    package var isLearner: Bool { learns.load(ordering: .relaxed) }

    /// Index of the last applied entry.
    package var applied: UInt64 { appliedIndex.load(ordering: .acquiring) }

    /// Index of the last entry that the consensus stage knows to be committed.
    package var committed: UInt64 { committedIndex.load(ordering: .relaxed) }

    /// Proposals that wait for their outcome.
    package var pendingProposals: Int { pending.load(ordering: .relaxed) }

    /// Whether the member has stopped, by itself or because it was asked to.
    package var hasStopped: Bool {
        hasFailed.load(ordering: .acquiring) || isStopping.load(ordering: .acquiring)
    }

    /// Whether a linearizable read may be carried out at once; see `Replica.readsLocally`.
    package var readsLocally: Bool { localRead.load(ordering: .acquiring) }
}

/// For the stages' owners.
extension PublishedStatus {
    /// Consensus stage.
    package func publish(_ standing: Standing, now: @autoclosure () -> Int64) {
        localRead.store(standing.readsLocally, ordering: .releasing)
        committedIndex.store(standing.committedIndex.rawValue, ordering: .relaxed)
        published.withLock { published in
            if published.leader != standing.leader {
                if standing.leader != nil { published.leaderChangesSeen += 1 }
                published.leaderMissingSince = standing.leader == nil ? now() : nil
            }
            published.term = standing.term
            publishedTerm.store(standing.term.rawValue, ordering: .relaxed)
            published.vote = standing.vote
            published.leader = standing.leader
            published.role = standing.role
            published.lastIndex = standing.lastIndex
            published.commitIndex = standing.committedIndex
        }
    }

    /// Consensus stage.
    package func publishDetails(_ status: RaftStatus) {
        published.withLock { $0.members = status.members }
    }

    /// Apply stage.
    package func noteApplied(_ index: UInt64) { appliedIndex.store(index, ordering: .releasing) }

    /// Apply stage.
    package func notePending(_ count: Int) { pending.store(count, ordering: .relaxed) }

    /// Apply stage.
    ///
    /// - Parameter isLearner: nil while the log does not name this member.
    package func noteRole(isLearner: Bool?) {
        learns.store(isLearner ?? joinsAsLearner, ordering: .relaxed)
    }

    /// The member cannot go on.
    ///
    /// - Returns: whether this is the first time.
    package func noteFailure() -> Bool {
        !hasFailed.exchange(true, ordering: .acquiringAndReleasing)
    }

    package func noteStopping() { isStopping.store(true, ordering: .releasing) }
}
