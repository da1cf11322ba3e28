package import Raft
import Replica

/// What comes from other members and from whoever carries messages to them. Any thread.
extension ReplicaRuntime {
    /// Takes messages of other members. When too many wait they are dropped, as on a full network:
    /// Raft asks again.
    ///
    /// A snapshot message is given only when its database is durable at
    /// `SnapshotStore.databasePath` of its index.
    package func receive(_ messages: [Message]) {
        guard admitReceived(messages.count) else { return }
        consensus.post(.received(messages))
    }

    /// Messages to this member get lost.
    package func reportUnreachable(_ member: MemberID) {
        consensus.post(.input(.unreachable(member)))
    }

    /// A snapshot reached this member, or did not.
    package func reportSnapshot(to member: MemberID, isDelivered: Bool) {
        consensus.post(.input(.snapshotSent(to: member, isDelivered: isDelivered)))
    }

    /// Begins to hand leadership over, if this member leads; whoever asks watches `status`.
    package func transferLeadership(to target: MemberID) {
        consensus.post(.input(.transferLeadership(to: target)))
    }

    /// Lets so many ticks of the first election timeout pass at once.
    package func advanceElection(ticks: Int) {
        consensus.post(.input(.advance(ticks: ticks)))
    }

    /// Shows the whole of what the consensus machine lets one see, on the consensus thread. Not
    /// called when the member has stopped.
    package func onConsensus(_ look: @escaping @Sendable (RaftStatus) -> Void) {
        consensus.post(.look(look))
    }
}
