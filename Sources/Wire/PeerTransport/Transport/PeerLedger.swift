import Raft
import Synchronization

/// Counts of one other member, for metrics.
package struct PeerFigures: Equatable, Sendable {
    package var sentBytes = 0
    package var receivedBytes = 0
    package var sendFailures = 0
    package var receiveFailures = 0
    package var disconnections = 0
    package var isActive = false
    package var wasEverActive = false
    package var snapshotsSending = 0
    package var snapshotsSent = 0
    package var snapshotSendFailures = 0
    package var snapshotsReceiving = 0
    package var snapshotsReceived = 0
    package var snapshotReceiveFailures = 0

    package init() {}
}

/// The counts of all members by id; those of senders that nobody knows stand under none.
final class PeerLedger: Sendable {
    private let figures = Mutex<[MemberID: PeerFigures]>([:])

    /// Ids are what senders say they are: no more than these are told apart.
    private static let membersMaximum = 1024

    /// Changes the counts of a member.
    func count(_ id: MemberID, _ change: (inout PeerFigures) -> Void) {
        figures.withLock { figures in
            let isNew = figures[id] == nil
            let key = isNew && figures.count >= Self.membersMaximum ? MemberID.none : id
            change(&figures[key, default: PeerFigures()])
        }
    }

    /// Takes one of the places for snapshots under way, if there is one.
    func begin(
        _ id: MemberID, _ count: WritableKeyPath<PeerFigures, Int>, maximum: Int
    ) -> Bool {
        figures.withLock { figures in
            let all = figures.values.reduce(0) { $0 + $1[keyPath: count] }
            guard all < maximum else { return false }
            figures[id, default: PeerFigures()][keyPath: count] += 1
            return true
        }
    }

    /// All counts, ascending by id.
    var all: [(id: MemberID, figures: PeerFigures)] {
        figures.withLock { $0.map { (id: $0.key, figures: $0.value) } }
            .sorted { $0.id < $1.id }
    }
}
