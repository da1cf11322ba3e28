import Linearizability

/// Judges all that one watcher is told, over all the streams on which it is opened again, against
/// the log of what happened.
///
/// - Ordered: events come by revision, those of one in the order of its changes.
/// - Unique: no event comes twice, nor one from before the start.
/// - Reliable: none is left out, but for what is compacted and said to be.
/// - Atomic: the events of a revision come in one response, or in fragments of one.
/// - Resumable: opened again where it was, on whichever member, it goes on there.
/// - Bookmarkable: a progress comes behind all events up to its revision, and revisions of headers
///   do not go back.
/// - Filters, range, previous pairs and the revision of creation are as asked for and as they were.
package struct WatchJudge: Sendable {
    package let interest: WatchInterest
    /// The revision to go on with: everything before it was told.
    package private(set) var next: Int64 = 0
    /// The last revision in a header on the present stream.
    private var header: Int64 = 0
    /// Events of a revision that have come in fragments.
    private var fragments: [WatchedEvent] = []

    package init(_ interest: WatchInterest) { self.interest = interest }

    /// The watcher was opened: from a revision on, or with 0 from what comes after `created`, the
    /// revision of the answer.
    package mutating func open(from start: Int64, created: Int64) {
        next = start == 0 ? created + 1 : start
        header = created
        fragments = []
    }

    /// Looks at a response.
    package mutating func take(
        _ response: WatchResponse, log: EventLog
    ) throws(Finding) {
        switch response {
        case .events(let events, let header, let isFragment):
            try note(header: header, log)
            fragments += events
            guard !isFragment else { return }
            defer { fragments = [] }
            try take(fragments, header: header, log)
        case .progress(let revision):
            try note(header: revision, log)
            try requireTold(through: revision, log, "a progress of \(revision)")
            next = max(next, revision + 1)
        case .compacted(let revision):
            guard next < revision, revision <= log.compacted else {
                throw Finding(
                    "a watcher at \(next) is ended as \(revision) is compacted; the last "
                        + "compaction was at \(log.compacted)")
            }
            next = revision
        }
    }

    /// Everything up to a revision has to have come.
    package func requireTold(
        through revision: Int64, _ log: EventLog, _ occasion: String = "the end"
    ) throws(Finding) {
        guard let missed = nextEvents(log), missed.revision <= revision else { return }
        throw Finding(
            "reliable, bookmarkable: at \(occasion) the events of \(missed.revision) have not come")
    }

    private mutating func note(header revision: Int64, _ log: EventLog) throws(Finding) {
        guard revision >= header, revision <= log.newest else {
            throw Finding(
                "bookmarkable: a header says \(revision) after \(header), the newest revision is "
                    + "\(log.newest)")
        }
        header = revision
    }

    /// The first revision from `next` on with something to tell, and what that is.
    private func nextEvents(_ log: EventLog) -> (revision: Int64, changes: [LoggedChange])? {
        guard next <= log.newest else { return nil }
        for revision in max(next, 2)...max(log.newest, 2) {
            let changes = log.changes(at: revision).filter { interest.admits($0.change) }
            if !changes.isEmpty { return (revision, changes) }
        }
        return nil
    }

    private mutating func take(
        _ events: [WatchedEvent], header: Int64, _ log: EventLog
    ) throws(Finding) {
        guard !events.isEmpty else { throw Finding("a response without events") }
        var rest = events[...]
        while let first = rest.first {
            let revision = first.pair.modified
            guard revision >= next else {
                throw Finding("ordered, unique: the event of \(revision) comes behind \(next - 1)")
            }
            guard revision <= header else {
                throw Finding("an event of \(revision) comes with a header of \(header)")
            }
            let told = rest.prefix { $0.pair.modified == revision }
            rest = rest.dropFirst(told.count)
            try compare(Array(told), at: revision, log)
            next = revision + 1
        }
    }

    /// Holds the events of a revision against what comes next.
    private func compare(
        _ told: [WatchedEvent], at revision: Int64, _ log: EventLog
    ) throws(Finding) {
        if let stranger = told.first(where: { !admits($0) }) {
            throw Finding("filters: \(stranger) was not asked for")
        }
        guard let expected = nextEvents(log), expected.revision <= revision else {
            throw Finding("events of \(revision), which has none for this watcher: \(told)")
        }
        guard expected.revision == revision else {
            throw Finding(
                "reliable: events of \(revision) come, those of \(expected.revision) have not")
        }
        guard told.count == expected.changes.count else {
            throw Finding(
                "atomic: \(told.count) events of revision \(revision) come together, it has "
                    + "\(expected.changes.count)")
        }
        for (event, logged) in zip(told, expected.changes) { try compare(event, logged, log) }
    }

    private func admits(_ event: WatchedEvent) -> Bool {
        interest.admits(RecordedChange(isDeletion: event.isDeletion, pair: event.pair))
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
        let right = interest.wantsPrevious ? logged.previous : nil
        // What a compaction has taken away cannot be told.
        if event.previous == nil, log.compacted >= revision { return }
        guard event.previous == right else {
            throw Finding(
                "prev_kv: the event of \(change.key) at \(revision) tells of "
                    + "\(event.previous as Any), before it was \(right as Any)")
        }
    }
}
