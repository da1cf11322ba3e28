import Disk
import MVCC

/// A client that watches all keys: then every revision brings an event, and a gap shows at once.
final class WatchClient: WatchSink, @unchecked Sendable {
    // `@unchecked Sendable`: a simulation is one thread.
    private var queue: [WatchDelivery] = []
    /// Deliveries that wait for the client at most; a small number makes it fall behind.
    private let queueMax: Int
    private let losesEvents: Bool
    /// How long it rests between two looks at its stream.
    let rest: Nanoseconds
    /// The next revision that has to come; 0 before the first watcher.
    var next: Int64 = 0
    /// Where its stream is open.
    var place: (host: Int, run: Int, watcher: Int64)?

    init(_ choices: inout SeededGenerator, losesEvents: Bool) {
        queueMax = choices.happens(500_000) ? 1 + choices.number(below: 4) : 1000
        rest = choices.duration(10 * .millisecond...2 * .second)
        self.losesEvents = losesEvents
    }

    var hasRoom: Bool { queue.count < queueMax }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        guard hasRoom else { return losesEvents }
        queue.append(contentsOf: deliveries)
        return true
    }

    /// Takes what has come.
    func read() -> [WatchDelivery] {
        defer { queue.removeAll() }
        return queue
    }
}
