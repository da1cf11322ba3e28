import Disk
import EtcdAPI
import Judges
import Linearizability
import MVCC
import SwiftProtobuf

/// One watcher of a client, and its judge over all the streams it is opened on.
struct ClientWatcher {
    var judge: WatchJudge
    /// Its id on the present stream; nil while it is on none.
    var id: Int64?
    /// The revision it begins with the first time; 0 for now.
    let firstRevision: Int64
    var hasBegun = false
}

/// A client with a stream of some watchers: the first of all keys, where every revision brings an
/// event and a gap shows at once, the others of parts and with filters.
final class WatchClient: WatchSink, @unchecked Sendable {
    // `@unchecked Sendable`: a simulation is one thread.
    private var queue: [WatchDelivery] = []
    /// Deliveries that wait for the client at most; a small number makes it fall behind.
    private let queueMax: Int
    private let mutant: Mutant?
    /// How long it rests between two looks at its stream.
    let rest: Nanoseconds
    var watchers: [ClientWatcher] = []
    /// How many watchers it likes to have.
    let watcherCount: Int
    /// Where its stream is open.
    var place: Place?

    struct Place {
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

    var hasRoom: Bool { queue.count < queueMax }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        guard hasRoom else { return mutant == .watchLosesEvents }
        queue.append(contentsOf: deliveries)
        return true
    }

    /// Takes what has come: responses, with the watcher or -1 for all of the stream.
    func read() throws -> [(watcher: Int64, response: WatchResponse)] {
        var deliveries = queue
        queue.removeAll()
        if mutant == .watchProgressEarly {
            let order = deliveries.enumerated().sorted { one, other in
                one.element.isProgress == other.element.isProgress
                    ? one.offset < other.offset : one.element.isProgress
            }
            deliveries = order.map(\.element)
        }
        var responses: [(watcher: Int64, response: WatchResponse)] = []
        for delivery in deliveries {
            for response in try delivery.responses(mutant) {
                for place in 0..<delivery.watcherCount {
                    responses.append((delivery.watcherID(at: place), response))
                }
            }
        }
        return responses
    }

    /// Forgets what has come on a stream that is gone.
    func forget() { queue.removeAll() }
}

extension WatchDelivery {
    fileprivate var isProgress: Bool {
        if case .progress = content { return true }
        return false
    }

    /// The responses that the server would send; more than one only from a mutant.
    fileprivate func responses(_ mutant: Mutant?) throws -> [WatchResponse] {
        switch content {
        case .progress: return [.progress(revision)]
        case .compacted(let compaction): return [.compacted(compaction)]
        case .changes(let changes):
            let isForgotten = mutant == .watchForgetsPrevious
            let bytes = changes.flatMap {
                $0.bytes(withPrevious: wantsPrevious && !isForgotten)
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
    init(_ interest: WatchInterest, from start: Int64) {
        self.init(
            key: Array(interest.range.key.utf8), end: Array((interest.range.end ?? "").utf8),
            startRevision: start, omitsPuts: interest.omitsPuts,
            omitsDeletions: interest.omitsDeletions, wantsPrevious: interest.wantsPrevious)
    }
}
