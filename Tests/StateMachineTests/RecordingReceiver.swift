import MVCC

/// Records the revisions of delivered changes.
final class RecordingReceiver: WatchReceiver, @unchecked Sendable {
    // Only used on the test's thread.
    var revisions: [Int64] = []

    var hasCapacity: Bool { true }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        for delivery in deliveries {
            guard case .changes(let changes) = delivery.content else { continue }
            revisions += changes.map(\.revision.main.rawValue)
        }
        return true
    }
}
