package import Identifiers
package import MonotonicClock
package import Raft
package import Replica

/// Input of the consensus stage.
package enum ConsensusInput: Sendable {
    case requests([ClientRequest])
    case replica(ReplicaInput)
    /// From other members.
    case received([Message])
    /// A request for the status of the Raft machine.
    case inspect(@Sendable (RaftStatus) -> Void)
    /// A proposal of the member itself, whose response is not awaited.
    case own(NumberedProposal)
    /// A proposal of the member as the leader of a term: dropped once it no longer leads in that
    /// term.
    case ownAsLeader(term: Term, NumberedProposal)
}

/// An effect of the consensus stage.
///
/// Effects are performed in the order of the list; `ReplicaEffect` describes what depends on it.
package enum ConsensusEffect: Sendable {
    /// The status of the replica after this run, for readers on other threads.
    case publish(ReplicaSummary)
    /// The details that are published less often, since collecting them costs more.
    case publishDetails(RaftStatus)
    /// For the log stage. Deferrable: it can wait until something else wakes the stage.
    case log(LogInput, isDeferrable: Bool)
    /// For the apply stage. Deferrable: it can wait until something else wakes the stage.
    case apply(ApplyInput, isDeferrable: Bool)
    /// For the backend stage, which adds the state to a snapshot's message.
    case backend(BackendInput)
    /// To other members, in this order.
    case send([Message])
    /// Deliver the completions in `ConsensusStage.completions`.
    case deliverCompletions
    case roleChanged(SoftState, Term)
    /// A heartbeat leaves late, by so much.
    case heartbeatLate(to: MemberID, by: TimeSpan)
    /// So many reads were not confirmed in time.
    case readsFailed(Int)
    case inspected(@Sendable (RaftStatus) -> Void, RaftStatus)
}

/// The status of a replica between two runs.
package struct ReplicaSummary: Sendable {
    package let term: Term
    package let vote: MemberID
    package let leader: MemberID?
    package let role: RoleName
    package let lastIndex: LogIndex
    package let committedIndex: LogIndex
    /// Whether a linearizable read needs no ReadIndex batch; see `Replica.readsLocally`.
    package let readsLocally: Bool

    package init(_ replica: borrowing Replica) {
        term = replica.term
        vote = replica.vote
        leader = replica.leader
        role = replica.role
        lastIndex = replica.lastIndex
        committedIndex = replica.committedIndex
        readsLocally = replica.readsLocally
    }
}

/// The context of one run of the consensus stage.
package struct ConsensusContext {
    /// The present time.
    package let now: MonotonicTime
    /// Index of the last applied entry, as far as it is known.
    package let applied: LogIndex

    package init(now: MonotonicTime, applied: LogIndex) {
        self.now = now
        self.applied = applied
    }
}
