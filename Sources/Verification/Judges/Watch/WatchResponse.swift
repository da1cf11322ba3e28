package import Linearizability

/// What a watcher asks for.
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

    /// Whether a change is one that the watcher has to be told.
    package func admits(_ change: RecordedChange) -> Bool {
        range.contains(change.key) && !(change.isDeletion ? omitsDeletions : omitsPuts)
    }
}

/// One change as a watcher was told of it.
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

/// What comes on a stream for one watcher.
package enum WatchResponse: Hashable, Sendable {
    /// Events with the header's revision; a fragment is continued by the next response.
    case events([WatchedEvent], header: Int64, isFragment: Bool = false)
    /// Everything up to the revision was told.
    case progress(Int64)
    /// The watcher is ended, since what it has not seen is compacted.
    case compacted(Int64)
}
