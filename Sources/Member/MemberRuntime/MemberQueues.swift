package import Identifiers
package import Raft
package import Stages

/// The queues into a member's stages. They exist before the stages do, so that their producers can
/// be created first; posted items wait.
///
/// Any thread.
package final class MemberQueues: Sendable {
    let consensus = InlineExecutor<ConsensusInput>()
    let log = Mailbox<LogInput>()
    let apply = InlineExecutor<ApplyInput>()
    let backend = Mailbox<BackendInput>()
    let segments = Mailbox<Void>()
    let catchUp = Mailbox<Void>()
    private let admission: Admission

    package init(admission: Admission) { self.admission = admission }

    /// Takes messages of other members. When too many are queued they are dropped, as on a
    /// congested network: Raft retries.
    ///
    /// A snapshot message is passed only when its database is durable at
    /// `SnapshotStore.databasePath` of its index.
    package func receive(_ messages: [Message]) {
        guard admission.admitReceived(messages.count) else { return }
        consensus.post(.received(messages))
    }

    /// Reports that messages to this member are lost.
    package func reportUnreachable(_ member: MemberID) {
        consensus.post(.replica(.unreachable(member)))
    }

    /// Reports whether a snapshot reached this member.
    package func reportSnapshot(to member: MemberID, isDelivered: Bool) {
        consensus.post(.replica(.snapshotSent(to: member, isDelivered: isDelivered)))
    }
}
