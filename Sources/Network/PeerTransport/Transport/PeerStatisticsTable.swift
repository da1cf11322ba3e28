import Identifiers
import Synchronization

/// Statistics of one other member, for metrics.
package struct PeerStatistics: Equatable, Sendable {
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

/// The statistics of all members by ID; those of unknown senders are under `.none`.
final class PeerStatisticsTable: Sendable {
    private let statistics = Mutex<[MemberID: PeerStatistics]>([:])

    /// IDs are claimed by senders: at most this many are distinguished.
    private static let membersMax = 1024

    /// Updates the statistics of a member.
    func update(_ id: MemberID, _ change: (inout PeerStatistics) -> Void) {
        statistics.withLock { statistics in
            let isNew = statistics[id] == nil
            let key = isNew && statistics.count >= Self.membersMax ? MemberID.none : id
            change(&statistics[key, default: PeerStatistics()])
        }
    }

    /// Counts a snapshot in progress, unless the limit is reached.
    func begin(
        _ id: MemberID, _ count: WritableKeyPath<PeerStatistics, Int>, limit: Int
    ) -> Bool {
        statistics.withLock { statistics in
            let all = statistics.values.reduce(0) { $0 + $1[keyPath: count] }
            guard all < limit else { return false }
            statistics[id, default: PeerStatistics()][keyPath: count] += 1
            return true
        }
    }

    /// All statistics, ascending by ID.
    var all: [(id: MemberID, statistics: PeerStatistics)] {
        statistics.withLock { $0.map { (id: $0.key, statistics: $0.value) } }
            .sorted { $0.id < $1.id }
    }
}
