package import Identifiers
import Telemetry
import Disk
package import PeerTransport
package import Raft
import MemberRuntime
import WriteAheadLog

/// Receives from the transport: passes messages to the member's queues and writes snapshots to its
/// disk.
///
/// May be called on any thread.
package final class PeerMessageReceiver: PeerTransportDelegate {
    private let queues: MemberQueues
    private let snapshots: SnapshotStore
    private let disk: any Disk
    private let observation: PeerObservation
    private let roster: PeerRoster
    private let metrics: PeerMetrics
    private let onReceivedDatabase: @Sendable (ReceivedDatabase.Finding) -> Void

    /// - Parameters:
    ///   - queues: the local member's queues.
    ///   - roster: the known members, shared with `MemberTransport`.
    init(
        queues: MemberQueues, snapshots: SnapshotStore, disk: any Disk,
        observation: PeerObservation, roster: PeerRoster, metrics: PeerMetrics,
        onReceivedDatabase: @escaping @Sendable (ReceivedDatabase.Finding) -> Void = { _ in }
    ) {
        self.queues = queues
        self.snapshots = snapshots
        self.disk = disk
        self.observation = observation
        self.roster = roster
        self.metrics = metrics
        self.onReceivedDatabase = onReceivedDatabase
    }

    package func receive(_ messages: [Message]) { queues.receive(messages) }

    package func reportUnreachable(_ id: MemberID) { queues.reportUnreachable(id) }

    package func reportSnapshot(_ id: MemberID, isDelivered: Bool) {
        queues.reportSnapshot(to: id, isDelivered: isDelivered)
    }

    package func wasRemoved() { roster.wasRemoved() }

    package func isRemoved(_ id: MemberID) -> Bool { roster.isRemoved(id) }

    package func beginSnapshot(_ message: Message) throws -> any SnapshotDestination {
        guard let snapshot = message.snapshot else { throw ReceivedDatabase.Refusal.noIndex }
        return try ReceivedDatabase(
            index: snapshot.index, term: snapshot.term, snapshots: snapshots,
            disk: disk, metrics: metrics, observe: onReceivedDatabase)
    }

    package func receiveSnapshot(_ message: Message) { queues.receive([message]) }

    package func record(_ event: PeerEvent) { observation.log(event) }
}
