/// Something for the client of one watcher, or of several of one stream that are told the same.
package struct WatchDelivery: Sendable {
    /// What is told.
    package enum Content: Sendable {
        /// Changes in revision order; never empty, all of one transaction or of several whole
        /// ones.
        case changes([WatchedChange])
        /// All changes up to the delivery's revision were delivered before.
        case progress
        /// The watcher is gone: changes it has not seen are compacted up to this revision.
        case compacted(revision: Int64)
    }

    /// The watcher; -1 for a progress of the whole stream.
    package let watcherID: Int64
    /// More watchers of the stream that are told just the same, after the first.
    package var otherIDs: [Int64] = []
    /// Revision for the response's header: the changes' own for a watcher that is up to date, the
    /// store's newest for one that catches up, 0 for a compacted one.
    package let revision: Int64
    /// Whether the client wants previous pairs: which form of the changes to send.
    package let wantsPrevious: Bool
    /// Whether a response that is too large may be cut.
    package let allowsFragments: Bool
    package let content: Content

    /// Watchers that are told.
    package var watcherCount: Int { 1 + otherIDs.count }

    /// One of the watchers; `place` is below `watcherCount`.
    package func watcherID(at place: Int) -> Int64 {
        place == 0 ? watcherID : otherIDs[place - 1]
    }
}

/// Where a stream's deliveries go: a bounded queue towards its connection.
///
/// Called under the hub's lock by the apply thread, by the thread that catches up and by those
/// that ask for progress; an implementation only enqueues and never calls the hub.
package protocol WatchSink: AnyObject, Sendable {
    /// Takes all of it, in order, or nothing (false): then the watchers concerned fall behind and
    /// read what they missed from history once there is room.
    func deliver(_ deliveries: [WatchDelivery]) -> Bool

    /// Whether `deliver` would take something now.
    var hasRoom: Bool { get }
}
