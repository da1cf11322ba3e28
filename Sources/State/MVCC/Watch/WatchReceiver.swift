package import Identifiers

/// A delivery for one watcher, or for several watchers of one stream with the same content.
package struct WatchDelivery: Sendable {
    /// What is delivered.
    package enum Content: Sendable {
        /// Changes in revision order; never empty, all of one transaction or of several whole
        /// ones.
        case changes([WatchedChange])
        /// All changes up to the delivery's revision were delivered before.
        case progress
        /// The watcher is removed: changes that it has not received are compacted up to this
        /// revision.
        case compacted(revision: Revision)
    }

    /// The watcher; -1 for a progress of the whole stream.
    package let watcherID: Int64
    /// Further watchers of the stream with the same content, after the first.
    package var otherIDs: [Int64] = []
    /// Revision for the response's header: the changes' own for a synced watcher, the store's
    /// newest for an unsynced one, 0 for a compacted one.
    package let revision: Revision
    /// Whether the client wants previous pairs: selects the encoded form of the changes.
    package let wantsPrevious: Bool
    /// Whether a response that is too large may be fragmented.
    package let allowsFragments: Bool
    package let content: Content

    /// Number of watchers.
    package var watcherCount: Int { 1 + otherIDs.count }

    /// The id of one of the watchers; `position` is below `watcherCount`.
    package func watcherID(at position: Int) -> Int64 {
        position == 0 ? watcherID : otherIDs[position - 1]
    }
}

/// The destination of a stream's deliveries: a bounded queue of its connection.
///
/// Called under the dispatcher's lock by the apply thread, by the thread that runs `syncWatchers`
/// and by threads that request progress. An implementation only enqueues and never calls the
/// dispatcher.
package protocol WatchReceiver: AnyObject, Sendable {
    /// Accepts all deliveries in order, or none (false): then the watchers concerned become
    /// unsynced and read the missed changes from history once there is capacity.
    func deliver(_ deliveries: [WatchDelivery]) -> Bool

    /// Whether `deliver` would accept deliveries now.
    var hasCapacity: Bool { get }
}
