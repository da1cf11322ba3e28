internal import EtcdAPI
public import Identifiers

/// What a range reads of its keys, and in which order.
public struct RangeOptions: Hashable, Sendable {
    /// What pairs are ordered by.
    public enum SortTarget: Sendable {
        case key, version, createRevision, modRevision, value
    }

    /// An order of pairs.
    public struct Order: Hashable, Sendable {
        public var target: SortTarget
        public var isDescending: Bool

        public init(by target: SortTarget, descending isDescending: Bool = false) {
            self.target = target
            self.isDescending = isDescending
        }
    }

    /// Pairs at most; 0 for all.
    public var limit: Int64
    /// The revision to read at; 0 for the newest.
    public var revision: Revision
    /// nil: by key, ascending.
    public var order: Order?
    /// Whether the member responds from its own, possibly older state, without asking the others.
    public var isSerializable: Bool
    /// Whether pairs have no values.
    public var keysOnly: Bool
    /// Whether only the number of keys is read.
    public var countOnly: Bool
    /// Pairs that were changed last in these revisions only; nil: any.
    public var modRevisions: ClosedRange<Revision>?
    /// Pairs that were created in these revisions only; nil: any.
    public var createRevisions: ClosedRange<Revision>?

    public init(
        limit: Int64 = 0, revision: Revision = 0, order: Order? = nil,
        isSerializable: Bool = false, keysOnly: Bool = false, countOnly: Bool = false,
        modRevisions: ClosedRange<Revision>? = nil, createRevisions: ClosedRange<Revision>? = nil
    ) {
        self.limit = limit
        self.revision = revision
        self.order = order
        self.isSerializable = isSerializable
        self.keysOnly = keysOnly
        self.countOnly = countOnly
        self.modRevisions = modRevisions
        self.createRevisions = createRevisions
    }
}

extension RangeRequest {
    init(_ keys: KeyRange, _ options: RangeOptions, _ prefix: KeyPrefix) {
        let keys = prefix.added(to: keys)
        self.init(
            key: keys.start[...], rangeEnd: keys.end[...], limit: options.limit,
            revision: options.revision.rawValue, sortOrder: SortOrder(options.order),
            sortTarget: SortTarget(options.order), serializable: options.isSerializable,
            keysOnly: options.keysOnly, countOnly: options.countOnly,
            minModRevision: Self.lower(options.modRevisions),
            maxModRevision: Self.upper(options.modRevisions),
            minCreateRevision: Self.lower(options.createRevisions),
            maxCreateRevision: Self.upper(options.createRevisions))
    }

    private static func lower(_ range: ClosedRange<Revision>?) -> Int64 {
        range?.lowerBound.rawValue ?? 0
    }

    private static func upper(_ range: ClosedRange<Revision>?) -> Int64 {
        range?.upperBound.rawValue ?? 0
    }
}

extension RangeRequest.SortOrder {
    fileprivate init(_ order: RangeOptions.Order?) {
        guard let order else {
            self = .none
            return
        }
        self = order.isDescending ? .descend : .ascend
    }
}

extension RangeRequest.SortTarget {
    fileprivate init(_ order: RangeOptions.Order?) {
        switch order?.target {
        case nil, .key: self = .key
        case .version: self = .version
        case .createRevision: self = .create
        case .modRevision: self = .mod
        case .value: self = .value
        }
    }
}
