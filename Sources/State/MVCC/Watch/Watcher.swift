import EtcdAPI
package import Identifiers

/// The parameters of a watcher.
package struct WatcherConfiguration: Sendable {
    /// First key.
    package var key: [UInt8]
    /// Empty for a single key, one zero byte for all keys from `key` on, else the first key after
    /// the range.
    package var end: [UInt8]
    /// First revision of interest; 0 for everything after the current one. Not negative.
    package var startRevision: Revision
    package var omitsPuts: Bool
    package var omitsDeletions: Bool
    package var wantsPrevious: Bool
    package var allowsFragments: Bool

    /// Makes a configuration.
    package init(
        key: [UInt8], end: [UInt8] = [], startRevision: Revision = 0, omitsPuts: Bool = false,
        omitsDeletions: Bool = false, wantsPrevious: Bool = false, allowsFragments: Bool = false
    ) {
        self.key = key
        self.end = end
        self.startRevision = startRevision
        self.omitsPuts = omitsPuts
        self.omitsDeletions = omitsDeletions
        self.wantsPrevious = wantsPrevious
        self.allowsFragments = allowsFragments
    }

    /// Whether no key can be in the range; etcd rejects such a watcher.
    package var isRangeEmpty: Bool {
        guard !end.isEmpty, end != [0] else { return false }
        return !key.lexicographicallyPrecedes(end)
    }

    /// Whether a key is in the range.
    func contains(_ candidate: UnsafeRawBufferPointer) -> Bool {
        key.withUnsafeBytes { start in
            if end.isEmpty { return compareBytes(candidate, start) == 0 }
            guard compareBytes(start, candidate) <= 0 else { return false }
            if end.count == 1, end[0] == 0 { return true }
            return end.withUnsafeBytes { end in compareBytes(candidate, end) < 0 }
        }
    }

    /// Whether the filters let a change pass.
    func admits(isDeletion: Bool) -> Bool {
        isDeletion ? !omitsDeletions : !omitsPuts
    }
}

/// One watcher of a stream. It is either synced, and is found through the dispatcher's index when a
/// key changes, or unsynced: then it is a cursor into history.
///
/// Invariant: every change from `nextRevision` on is yet to be delivered. When a watcher becomes
/// synced, its `nextRevision` is above the dispatcher's notified revision.
final class Watcher {
    enum State {
        case synced
        case unsynced
        case detached
    }

    let id: Int64
    let configuration: WatcherConfiguration
    /// Not reference-counted, because it is read for each change. The dispatcher keeps a stream
    /// until it is closed, and closing removes its watchers from all indices and lists.
    unowned(unsafe) let stream: WatchStream
    var state = State.detached
    /// Changes before this revision are not delivered any more.
    var nextRevision: Revision
    /// Position in the index's list or in the list of unsynced watchers.
    var listIndex = 0
    /// The pass in which it became unsynced or was last served.
    var lastServedPass: UInt64 = 0
    /// Changes of the current transaction during notification, if it has several.
    var collected: [WatchedChange] = []

    init(
        id: Int64, configuration: WatcherConfiguration, stream: WatchStream, nextRevision: Revision
    ) {
        self.id = id
        self.configuration = configuration
        self.stream = stream
        self.nextRevision = nextRevision
    }

    func delivery(_ content: WatchDelivery.Content, revision: Revision) -> WatchDelivery {
        WatchDelivery(
            watcherID: id, revision: revision, wantsPrevious: configuration.wantsPrevious,
            allowsFragments: configuration.allowsFragments, content: content)
    }
}

/// The watchers of one client stream and their common receiver. Guarded by the dispatcher's lock.
package final class WatchStream: @unchecked Sendable {
    // `@unchecked Sendable`: all but `receiver` is accessed under the dispatcher's lock only.
    let receiver: any WatchReceiver
    var watchers: [Int64: Watcher] = [:]
    var nextID: Int64 = 0
    var unsyncedCount = 0
    /// Whether a progress notification was requested while watchers were unsynced.
    var isProgressPending = false
    var isClosed = false
    /// Position in the dispatcher's list.
    var listIndex = 0
    /// Deliveries of the current notification, in order.
    private(set) var outbox: [WatchDelivery] = []

    init(receiver: any WatchReceiver) {
        self.receiver = receiver
    }

    /// Adds a watcher's changes of a transaction to the outbox; merged with the previous delivery
    /// if that has the same content.
    func post(_ changes: [WatchedChange], to watcher: Watcher, revision: Revision) {
        let delivery = watcher.delivery(.changes(changes), revision: revision)
        if let last = outbox.indices.last, outbox[last].hasSameContent(as: delivery) {
            if outbox[last].otherIDs.isEmpty {
                let likely = min(watchers.count - 1, Self.reservedIDsMax)
                outbox[last].otherIDs.reserveCapacity(likely)
            }
            outbox[last].otherIDs.append(watcher.id)
        } else {
            outbox.append(delivery)
        }
    }

    /// Empties the outbox; small storage is kept for reuse.
    func clearOutbox() {
        outbox.removeAll(keepingCapacity: outbox.count <= Self.keptMax)
    }

    /// Ids for which storage is reserved at once when two watchers share a delivery.
    private static let reservedIDsMax = 128
    /// Entries of the outbox up to which its storage is kept.
    private static let keptMax = 128

    /// The next id that no watcher of the stream has.
    func takeID() -> Int64 {
        while watchers[nextID] != nil { nextID += 1 }
        defer { nextID += 1 }
        return nextID
    }
}

extension WatchDelivery {
    /// Whether another watcher's delivery has the same changes in the same form.
    fileprivate func hasSameContent(as other: WatchDelivery) -> Bool {
        guard revision == other.revision, wantsPrevious == other.wantsPrevious,
            allowsFragments == other.allowsFragments,
            case .changes(let mine) = content, case .changes(let others) = other.content,
            mine.count == others.count
        else { return false }
        for position in mine.indices where mine[position] !== others[position] { return false }
        return true
    }
}
