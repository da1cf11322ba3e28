import EtcdAPI

/// What a watcher asks for.
package struct WatcherConfiguration: Sendable {
    /// First key.
    package var key: [UInt8]
    /// Empty for the one key, one zero byte for all from `key` on, else the first key behind.
    package var end: [UInt8]
    /// First revision of interest; 0 for everything after now. Not negative.
    package var startRevision: Int64
    package var omitsPuts: Bool
    package var omitsDeletions: Bool
    package var wantsPrevious: Bool
    package var allowsFragments: Bool

    /// Makes a configuration.
    package init(
        key: [UInt8], end: [UInt8] = [], startRevision: Int64 = 0, omitsPuts: Bool = false,
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

    /// Whether no key can be in the range; etcd refuses such a watcher.
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

/// One watcher of a stream. It is either up to date, and is found through the hub's index when
/// something changes, or behind: then it is a cursor into history.
///
/// Invariant: every change from `nextRevision` on is yet to be delivered; an up-to-date watcher
/// has `nextRevision` above what the hub had notified when it came to be so.
final class Watcher {
    enum State {
        case upToDate
        case behind
        case gone
    }

    let id: Int64
    let configuration: WatcherConfiguration
    /// Not counted, for each change asks for it. The hub keeps a stream until it is closed, and
    /// closing takes its watchers out of everything they are found through.
    unowned(unsafe) let stream: WatchStream
    var state = State.gone
    /// No change before this revision is delivered any more.
    var nextRevision: Int64
    /// Place in the index's list or in the list of those behind.
    var place = 0
    /// The round of catching up in which it fell behind or was last brought on.
    var waitingSince: UInt64 = 0
    /// Changes of the transaction that is being notified, if it has several.
    var gathered: [WatchedChange] = []

    init(
        id: Int64, configuration: WatcherConfiguration, stream: WatchStream, nextRevision: Int64
    ) {
        self.id = id
        self.configuration = configuration
        self.stream = stream
        self.nextRevision = nextRevision
    }

    func delivery(_ content: WatchDelivery.Content, revision: Int64) -> WatchDelivery {
        WatchDelivery(
            watcherID: id, revision: revision, wantsPrevious: configuration.wantsPrevious,
            allowsFragments: configuration.allowsFragments, content: content)
    }
}

/// The watchers of one client stream and the sink they share. Guarded by the hub's lock.
package final class WatchStream: @unchecked Sendable {
    // `@unchecked Sendable`: all but `sink` is read and written under the hub's lock only.
    let sink: any WatchSink
    var watchers: [Int64: Watcher] = [:]
    var nextID: Int64 = 0
    var behindCount = 0
    /// Whether a progress was asked for while watchers were behind.
    var owesProgress = false
    var isClosed = false
    /// Place in the hub's list.
    var place = 0
    /// Gathered in this notification, in order.
    private(set) var outbox: [WatchDelivery] = []

    init(sink: any WatchSink) {
        self.sink = sink
    }

    /// Puts what a watcher is told of a transaction into the outbox, together with what another
    /// watcher of the stream is told if that is the same.
    func post(_ changes: [WatchedChange], to watcher: Watcher, revision: Int64) {
        let delivery = watcher.delivery(.changes(changes), revision: revision)
        if let last = outbox.indices.last, outbox[last].tellsSame(as: delivery) {
            if outbox[last].otherIDs.isEmpty {
                let likely = min(watchers.count - 1, Self.reservedIDsMax)
                outbox[last].otherIDs.reserveCapacity(likely)
            }
            outbox[last].otherIDs.append(watcher.id)
        } else {
            outbox.append(delivery)
        }
    }

    /// Empties the outbox; small storage is kept for the next time.
    func clearOutbox() {
        outbox.removeAll(keepingCapacity: outbox.count <= Self.keptMax)
    }

    /// Watchers of a stream that room is made for at once when two are told the same.
    private static let reservedIDsMax = 128
    /// Entries of the outbox that storage is kept for.
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
    fileprivate func tellsSame(as other: WatchDelivery) -> Bool {
        guard revision == other.revision, wantsPrevious == other.wantsPrevious,
            allowsFragments == other.allowsFragments,
            case .changes(let mine) = content, case .changes(let others) = other.content,
            mine.count == others.count
        else { return false }
        for place in mine.indices where mine[place] !== others[place] { return false }
        return true
    }
}
