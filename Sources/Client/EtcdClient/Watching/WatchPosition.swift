internal import Identifiers

/// What a watch has delivered, and so where it goes on after a loss of its stream: no event is
/// missed and none comes twice.
///
/// Invariant: all events below `next` are delivered, and of those at `next` the first `delivered`.
struct WatchPosition {
    /// The first revision that may have more events; 0 until the watch is created.
    private(set) var next: Revision
    /// Events of revision `next` that are delivered: the others follow in another fragment.
    private var delivered = 0
    /// Events of revision `next` that are still to be dropped, since they come again.
    private var repeated = 0

    init(_ start: Revision) {
        next = start
    }

    /// The watch exists; the server was at this revision.
    mutating func created(at revision: Revision) {
        if next == 0 { next = revision.next }
    }

    /// Another stream begins at `next`.
    mutating func resumed() {
        repeated = delivered
    }

    /// The events of a response that were not delivered before.
    mutating func advance(over events: [WatchEvent], isFragment: Bool) -> [WatchEvent] {
        var new: [WatchEvent] = []
        new.reserveCapacity(events.count)
        for event in events {
            let revision = event.pair.modRevision
            if revision == next, repeated > 0 {
                repeated -= 1
                continue
            }
            guard revision >= next else { continue }
            delivered = revision == next ? delivered + 1 : 1
            if revision > next { repeated = 0 }
            next = revision
            new.append(event)
        }
        if !isFragment, !events.isEmpty { completed(next) }
        return new
    }

    /// All events up to this revision are delivered.
    mutating func completed(_ revision: Revision) {
        guard revision >= next else { return }
        next = revision.next
        delivered = 0
        repeated = 0
    }
}
