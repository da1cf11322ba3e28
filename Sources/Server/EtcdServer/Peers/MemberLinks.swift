import Disk
package import PeerTransport
package import Raft
import ReplicaRuntime
import WriteAheadLog

/// Brings what other members send to this one: their messages to its queues, their snapshots to its
/// disk.
///
/// Any thread.
package final class MemberLinks: PeerTransportOwner {
    private let queues: MemberQueues
    private let snapshots: SnapshotStore
    private let disk: any Disk
    private let observation: PeerObservation
    private let roster: PeerRoster
    private let onReceivedDatabase: @Sendable (ReceivedDatabase.Finding) -> Void

    /// - Parameters:
    ///   - queues: of the member that the transport works for.
    ///   - roster: who is a member, shared with `MemberCarrier`.
    init(
        queues: MemberQueues, snapshots: SnapshotStore, disk: any Disk,
        observation: PeerObservation, roster: PeerRoster,
        onReceivedDatabase: @escaping @Sendable (ReceivedDatabase.Finding) -> Void = { _ in }
    ) {
        self.queues = queues
        self.snapshots = snapshots
        self.disk = disk
        self.observation = observation
        self.roster = roster
        self.onReceivedDatabase = onReceivedDatabase
    }

    package func receive(_ messages: [Message]) { queues.receive(messages) }

    package func reportUnreachable(_ id: Raft.MemberID) { queues.reportUnreachable(id) }

    package func reportSnapshot(_ id: Raft.MemberID, isDelivered: Bool) {
        queues.reportSnapshot(to: id, isDelivered: isDelivered)
    }

    package func wasRemoved() { roster.wasRemoved() }

    package func isRemoved(_ id: Raft.MemberID) -> Bool { roster.isRemoved(id) }

    package func beginSnapshot(_ message: Message) throws -> any SnapshotDestination {
        guard let snapshot = message.snapshot else { throw ReceivedDatabase.Refusal.noIndex }
        return try ReceivedDatabase(
            index: snapshot.index.rawValue, term: snapshot.term.rawValue, snapshots: snapshots,
            disk: disk, observe: onReceivedDatabase)
    }

    package func receiveSnapshot(_ message: Message) { queues.receive([message]) }

    package func note(_ event: PeerEvent) { observation.note(event) }
}
