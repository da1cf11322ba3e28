package import Raft
package import Replica

/// What reaches the consensus stage.
package enum ConsensusInput: Sendable {
    case requests([ClientRequest])
    case replica(ReplicaInput)
    /// From other members.
    case received([Message])
    /// Somebody wants to see the machine.
    case inspect(@Sendable (RaftStatus) -> Void)
    /// A proposal of the member itself, whose answer nobody waits for.
    case own(NumberedProposal)
    /// A proposal of the member as the leader of a term: worth nothing once it is not that any more.
    case ownAsLeader(term: UInt64, NumberedProposal)
}

/// One thing that the consensus stage wants done.
///
/// Effects are performed in the order of the list; what that order carries is told at
/// `ReplicaEffect`.
package enum ConsensusEffect: Sendable {
    /// How the replica stands after this turn, for those who read it without asking.
    case publish(Standing)
    /// What is shown less often, since gathering it costs more.
    case publishDetails(RaftStatus)
    /// For the log stage. Quiet: it can wait until something else wakes that.
    case log(LogInput, isQuiet: Bool)
    /// For the apply stage. Quiet: it can wait until something else wakes that.
    case apply(ApplyInput, isQuiet: Bool)
    /// For the backend stage, which adds the state to a snapshot's message.
    case backend(BackendInput)
    /// To other members, in this order.
    case send([Message])
    /// Hand over what has gathered in `ConsensusStage.replies`.
    case deliverReplies
    case roleChanged(SoftState, Term)
    /// A heartbeat leaves later than it should, by so many nanoseconds.
    case heartbeatLate(to: MemberID, exceededNanoseconds: Int64)
    /// So many reads could not be confirmed in time.
    case readsFailed(Int)
    case inspected(@Sendable (RaftStatus) -> Void, RaftStatus)
}

/// What everybody may see of a replica between two turns.
package struct Standing: Sendable {
    package let term: Term
    package let vote: MemberID
    package let leader: MemberID?
    package let role: RoleName
    package let lastIndex: LogIndex
    package let committedIndex: LogIndex
    /// Whether a linearizable read needs no round; see `Replica.readsLocally`.
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

/// What the consensus stage is told of the world at the begin of a turn.
package struct ConsensusSurroundings {
    /// Monotonic milliseconds.
    package let now: Int64
    /// Index of the last applied entry, as far as it is known.
    package let applied: UInt64

    package init(now: Int64, applied: UInt64) {
        self.now = now
        self.applied = applied
    }
}
