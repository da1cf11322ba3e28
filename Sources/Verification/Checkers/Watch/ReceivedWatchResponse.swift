package import Identifiers
package import Linearizability

/// The parameters of a watch.
package struct WatchInterest: Hashable, Sendable {
    package var range: KeyRange
    package var omitsPuts: Bool
    package var omitsDeletions: Bool
    package var wantsPrevious: Bool

    package init(
        _ range: KeyRange, omitsPuts: Bool = false, omitsDeletions: Bool = false,
        wantsPrevious: Bool = false
    ) {
        self.range = range
        self.omitsPuts = omitsPuts
        self.omitsDeletions = omitsDeletions
        self.wantsPrevious = wantsPrevious
    }

    /// Whether the watcher must receive a change.
    package func matches(_ change: RecordedChange) -> Bool {
        range.contains(change.key) && !(change.isDeletion ? omitsDeletions : omitsPuts)
    }
}

/// An event as a watcher received it.
package struct WatchedEvent: Hashable, Sendable {
    package var isDeletion: Bool
    package var pair: StoredPair
    package var previous: StoredPair?

    package init(isDeletion: Bool, pair: StoredPair, previous: StoredPair? = nil) {
        self.isDeletion = isDeletion
        self.pair = pair
        self.previous = previous
    }
}

/// A response on a stream for one watcher.
package enum ReceivedWatchResponse: Hashable, Sendable {
    /// Events with the header's revision; a fragment is continued by the next response.
    case events([WatchedEvent], header: Revision, isFragment: Bool = false)
    /// All events up to the revision were sent.
    case progress(Revision)
    /// The watcher is cancelled because its next events are compacted.
    case compacted(Revision)
}
