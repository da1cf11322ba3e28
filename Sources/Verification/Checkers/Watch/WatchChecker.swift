package import Identifiers
import Linearizability

/// Checks all responses that one watcher receives, over all the streams on which it is opened,
/// against the event log.
///
/// - Ordered: events come by revision, those of one revision in the order of its changes.
/// - Unique: no event comes twice, and none from before the start revision.
/// - Reliable: no event is missing, except those reported as compacted.
/// - Atomic: the events of a revision come in one response, or in fragments of one.
/// - Resumable: a watcher that is opened again, on any member, continues where it was.
/// - Bookmarkable: a progress notification comes after all events up to its revision, and header
///   revisions do not decrease.
/// - Filters, range, previous pairs and create revisions are as requested and as they were.
package struct WatchChecker: Sendable {
    package let interest: WatchInterest
    /// The revision to continue with: all events before it were received.
    package private(set) var next: Revision = 0
    /// The last header revision on the current stream.
    private var header: Revision = 0
    /// Events of a response that came in fragments so far.
    private var fragments: [WatchedEvent] = []

    package init(_ interest: WatchInterest) { self.interest = interest }

    /// The watcher was opened: at a start revision, or with 0 after `created`, the revision of the
    /// response.
    package mutating func open(from start: Revision, created: Revision) {
        next = start == 0 ? created + 1 : start
        header = created
        fragments = []
    }

    /// Checks a response.
    package mutating func receive(
        _ response: ReceivedWatchResponse, log: EventLog
    ) throws(Finding) {
        switch response {
        case .events(let events, let header, let isFragment):
            try checkHeader(header, log)
            fragments += events
            guard !isFragment else { return }
            defer { fragments = [] }
            try check(fragments, header: header, log)
        case .progress(let revision):
            try checkHeader(revision, log)
            try requireReceived(through: revision, log, "a progress of \(revision)")
            next = max(next, revision.next)
        case .compacted(let revision):
            guard next < revision, revision <= log.compacted else {
                throw Finding(
                    "a watcher at \(next) is cancelled as \(revision) is compacted; the last "
                        + "compaction was at \(log.compacted)")
            }
            next = revision
        }
    }

    /// Requires that all events up to a revision were received.
    package func requireReceived(
        through revision: Revision, _ log: EventLog, _ context: String = "the end"
    ) throws(Finding) {
        guard let missed = nextEvents(log), missed.revision <= revision else { return }
        throw Finding(
            "reliable, bookmarkable: at \(context) the events of \(missed.revision) have not come")
    }

    private mutating func checkHeader(_ revision: Revision, _ log: EventLog) throws(Finding) {
        guard revision >= header, revision <= log.newest else {
            throw Finding(
                "bookmarkable: a header says \(revision) after \(header), the newest revision is "
                    + "\(log.newest)")
        }
        header = revision
    }

    /// The first revision from `next` on with matching changes, and these changes.
    private func nextEvents(_ log: EventLog) -> (revision: Revision, changes: [LoggedChange])? {
        guard next <= log.newest else { return nil }
        var revision = max(next, 2)
        while revision <= log.newest {
            let changes = log.changes(at: revision).filter { interest.matches($0.change) }
            if !changes.isEmpty { return (revision, changes) }
            revision = revision.next
        }
        return nil
    }

    private mutating func check(
        _ events: [WatchedEvent], header: Revision, _ log: EventLog
    ) throws(Finding) {
        guard !events.isEmpty else { throw Finding("a response without events") }
        var rest = events[...]
        while let first = rest.first {
            let revision = first.pair.modified
            guard revision >= next else {
                throw Finding(
                    "ordered, unique: the event of \(revision) comes after \(next.previous)")
            }
            guard revision <= header else {
                throw Finding("an event of \(revision) comes with a header of \(header)")
            }
            let received = rest.prefix { $0.pair.modified == revision }
            rest = rest.dropFirst(received.count)
            try compare(Array(received), at: revision, log)
            next = revision.next
        }
    }

    /// Compares the events of a revision with the expected ones.
    private func compare(
        _ received: [WatchedEvent], at revision: Revision, _ log: EventLog
    ) throws(Finding) {
        if let unwanted = received.first(where: { !matches($0) }) {
            throw Finding("filters: \(unwanted) was not requested")
        }
        guard let expected = nextEvents(log), expected.revision <= revision else {
            throw Finding("events of \(revision), which has none for this watcher: \(received)")
        }
        guard expected.revision == revision else {
            throw Finding(
                "reliable: events of \(revision) come, those of \(expected.revision) have not")
        }
        guard received.count == expected.changes.count else {
            throw Finding(
                "atomic: \(received.count) events of revision \(revision) come together, it has "
                    + "\(expected.changes.count)")
        }
        for (event, logged) in zip(received, expected.changes) { try compare(event, logged, log) }
    }

    private func matches(_ event: WatchedEvent) -> Bool {
        interest.matches(RecordedChange(isDeletion: event.isDeletion, pair: event.pair))
    }

    private func compare(
        _ event: WatchedEvent, _ logged: LoggedChange, _ log: EventLog
    ) throws(Finding) {
        let change = logged.change
        let revision = change.pair.modified
        guard event.isDeletion == change.isDeletion, event.pair == change.pair else {
            let isCreation = !event.isDeletion && event.pair.created == event.pair.modified
            throw Finding(
                isCreation == change.isCreation
                    ? "an event of revision \(revision) is \(event), it was a \(change)"
                    : "is-create: an event of revision \(revision) is \(event), it was a \(change)")
        }
        let expected = interest.wantsPrevious ? logged.previous : nil
        // A compaction may have removed the previous pair.
        if event.previous == nil, log.compacted >= revision { return }
        guard event.previous == expected else {
            throw Finding(
                "prev_kv: the event of \(change.key) at \(revision) has "
                    + "\(event.previous as Any), before it was \(expected as Any)")
        }
    }
}
