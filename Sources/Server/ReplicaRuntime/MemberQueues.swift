package import Raft
package import Stages

/// The queues into a member's stages. They exist before the stages do, so that whoever brings
/// something can be built first; what is posted waits.
///
/// Any thread.
package final class MemberQueues: Sendable {
    let consensus = Turns<ConsensusInput>()
    let log = Mailbox<LogInput>()
    let apply = Turns<ApplyInput>()
    let backend = Mailbox<BackendInput>()
    let segments = Mailbox<Void>()
    let catchUp = Mailbox<Void>()
    private let admission: Admission

    package init(admission: Admission) { self.admission = admission }

    /// Takes messages of other members. When too many wait they are dropped, as on a full network:
    /// Raft asks again.
    ///
    /// A snapshot message is given only when its database is durable at
    /// `SnapshotStore.databasePath` of its index.
    package func receive(_ messages: [Message]) {
        guard admission.admitReceived(messages.count) else { return }
        consensus.post(.received(messages))
    }

    /// Messages to this member get lost.
    package func reportUnreachable(_ member: MemberID) {
        consensus.post(.replica(.unreachable(member)))
    }

    /// A snapshot reached this member, or did not.
    package func reportSnapshot(to member: MemberID, isDelivered: Bool) {
        consensus.post(.replica(.snapshotSent(to: member, isDelivered: isDelivered)))
    }
}
