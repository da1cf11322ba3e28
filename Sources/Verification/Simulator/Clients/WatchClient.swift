import Disk
import EtcdAPI
import Checkers
import Identifiers
import Linearizability
import MVCC
import MonotonicClock
import SwiftProtobuf

/// One watcher of a client, and its checker over all the streams on which it is opened.
struct ClientWatcher {
    var checker: WatchChecker
    /// Its id on the current stream; nil while it is on none.
    var id: Int64?
    /// The start revision of the first request; 0 for now.
    let firstRevision: Revision
    var hasBegun = false
}

/// A client with a stream of several watchers: the first covers all keys, where every revision has
/// an event and a gap shows at once; the others cover parts and have filters.
final class WatchClient: WatchReceiver, @unchecked Sendable {
    // `@unchecked Sendable`: a simulation has one thread.
    private var queue: [WatchDelivery] = []
    /// The most deliveries queued for the client; with a small number it becomes unsynced.
    private let queueMax: Int
    private let mutant: Mutant?
    /// The longest pause between two reads of its stream.
    let rest: TimeSpan
    var watchers: [ClientWatcher] = []
    /// nil while the run has no users.
    var credentials: Credentials?
    /// How many watchers it keeps open.
    let watcherCount: Int
    /// Where its stream is open.
    var connection: Connection?

    struct Connection {
        let host: Int
        let run: Int
        let stream: WatchStream
    }

    init(_ choices: inout SeededGenerator, mutant: Mutant?) {
        queueMax = choices.happens(500_000) ? 1 + choices.number(below: 4) : 1000
        rest = choices.duration(10 * .millisecond...2 * .second)
        watcherCount = 1 + choices.number(below: 4)
        self.mutant = mutant
    }

    var hasCapacity: Bool { queue.count < queueMax }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        guard hasCapacity else { return mutant == .watchLosesEvents }
        queue.append(contentsOf: deliveries)
        return true
    }

    /// Takes the received responses, each with its watcher or -1 for all of the stream.
    func read() throws -> [(watcher: Int64, response: ReceivedWatchResponse)] {
        var deliveries = queue
        queue.removeAll()
        if mutant == .watchProgressEarly {
            let order = deliveries.enumerated().sorted { one, other in
                one.element.isProgress == other.element.isProgress
                    ? one.offset < other.offset : one.element.isProgress
            }
            deliveries = order.map(\.element)
        }
        var responses: [(watcher: Int64, response: ReceivedWatchResponse)] = []
        for delivery in deliveries {
            for response in try delivery.responses(mutant) {
                for index in 0..<delivery.watcherCount {
                    responses.append((delivery.watcherID(at: index), response))
                }
            }
        }
        return responses
    }

    /// Drops what was received on a stream that is closed.
    func clearQueue() { queue.removeAll() }
}

extension WatchDelivery {
    fileprivate var isProgress: Bool {
        if case .progress = content { return true }
        return false
    }

    /// The responses that the server would send; more than one only with a mutant.
    fileprivate func responses(_ mutant: Mutant?) throws -> [ReceivedWatchResponse] {
        switch content {
        case .progress: return [.progress(revision)]
        case .compacted(let compaction): return [.compacted(compaction)]
        case .changes(let changes):
            let omitsPrevious = mutant == .watchOmitsPrevious
            let bytes = changes.flatMap {
                $0.bytes(withPrevious: wantsPrevious && !omitsPrevious)
            }
            let events = try Etcdserverpb_WatchResponse(serializedBytes: bytes).events
                .map { WatchedEvent($0) }
            guard mutant == .watchSplitsRevision, events.count > 1 else {
                return [.events(events, header: revision)]
            }
            return events.map { .events([$0], header: revision) }
        }
    }
}

extension WatchedEvent {
    init(_ event: Mvccpb_Event) {
        self.init(
            isDeletion: event.type == .delete, pair: StoredPair(event.kv),
            previous: event.hasPrevKv ? StoredPair(event.prevKv) : nil)
    }
}

extension WatcherConfiguration {
    init(_ interest: WatchInterest, from start: Revision) {
        self.init(
            key: Array(interest.range.key.utf8), end: Array((interest.range.end ?? "").utf8),
            startRevision: start, omitsPuts: interest.omitsPuts,
            omitsDeletions: interest.omitsDeletions, wantsPrevious: interest.wantsPrevious)
    }
}
