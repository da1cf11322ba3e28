internal import EtcdAPI
public import Identifiers

/// What a watch reports.
public struct WatchOptions: Hashable, Sendable {
    /// The first revision to report; 0 for changes from now on.
    public var revision: Revision
    /// Whether events have the pair as it was before.
    public var returnsPrevious: Bool
    /// Whether the member sends an update without events every ten minutes without changes, so that
    /// the watch can go on from there after a compaction.
    public var notifiesProgress: Bool
    /// Kinds of events that are not reported.
    public var skippedEvents: Set<WatchEvent.Kind>

    public init(
        from revision: Revision = 0, returnsPrevious: Bool = false,
        notifiesProgress: Bool = false, skipping skippedEvents: Set<WatchEvent.Kind> = []
    ) {
        self.revision = revision
        self.returnsPrevious = returnsPrevious
        self.notifiesProgress = notifiesProgress
        self.skippedEvents = skippedEvents
    }
}

/// One change of one key.
public struct WatchEvent: Hashable, Sendable {
    public enum Kind: Sendable {
        case put
        /// By a request or by the end of a lease.
        case delete
    }

    public let kind: Kind
    /// The pair after the change; for a deletion the key and the revision of the deletion.
    public let pair: KeyValuePair
    /// The previous pair, if it was requested and existed.
    public let previous: KeyValuePair?

    /// Whether the put created the key.
    public var isCreation: Bool { kind == .put && pair.createRevision == pair.modRevision }
}

/// Changes of one or more revisions, in order.
public struct WatchUpdate: Hashable, Sendable {
    public let header: ResponseHeader
    /// Empty for a notification of progress: all changes up to the revision of the header have
    /// been reported.
    public let events: [WatchEvent]
}

extension WatchCreateRequest {
    init(_ keys: KeyRange, _ options: WatchOptions, _ prefix: KeyPrefix) {
        let keys = prefix.added(to: keys)
        var filters: [FilterType] = []
        if options.skippedEvents.contains(.put) { filters.append(.noPut) }
        if options.skippedEvents.contains(.delete) { filters.append(.noDelete) }
        self.init(
            key: keys.start[...], rangeEnd: keys.end[...],
            startRevision: options.revision.rawValue, progressNotify: options.notifiesProgress,
            filters: filters, prevKV: options.returnsPrevious, fragment: true)
    }
}
