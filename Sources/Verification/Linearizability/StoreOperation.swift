package import Identifiers

/// One request of a client to the key-value store, in the form that the checkers use.
package indirect enum StoreOperation: Hashable, Sendable {
    /// A lease of 0 is none; `wantsPrevious` requests the previous pair.
    case put(key: String, value: String, lease: Int64 = 0, wantsPrevious: Bool = false)
    /// The single key, or with `end` the keys of [key, end).
    case delete(key: String, end: String? = nil, wantsPrevious: Bool = false)
    /// The single key, or with `end` the keys of [key, end); the first `limit` of them, or all for
    /// 0; at an old revision, or at the current one for 0.
    case range(key: String, end: String?, limit: Int = 0, revision: Revision = 0)
    case transaction([Comparison], success: [StoreOperation], failure: [StoreOperation])

    /// A condition on one key, or on every key of [key, end). A missing key, or a range without
    /// keys, compares as zeros, and as no value.
    package struct Comparison: Hashable, Sendable {
        package enum Target: Hashable, Sendable {
            case version(Int64)
            case created(Revision)
            case modified(Revision)
            case value(String)
            case lease(Int64)
        }

        package enum Relation: Hashable, Sendable { case equal, notEqual, less, greater }

        package let key: String
        package let end: String?
        package let relation: Relation
        package let target: Target

        package init(key: String, end: String? = nil, _ relation: Relation, _ target: Target) {
            self.key = key
            self.end = end
            self.relation = relation
            self.target = target
        }
    }
}

/// The response that a client received.
package struct StoreResponse: Hashable, Sendable {
    /// The revision in the header.
    package var revision: Revision
    package var body: StoreResponseBody

    package init(revision: Revision, _ body: StoreResponseBody) {
        self.revision = revision
        self.body = body
    }

    /// Whether the model's response allows the one that a client received.
    package func allows(_ received: StoreResponse) -> Bool {
        revision == received.revision && body.allows(received.body)
    }
}

/// A response without its header.
package indirect enum StoreResponseBody: Hashable, Sendable {
    /// The previous pair, if it was requested and existed.
    case put(previous: StoredPair? = nil)
    /// The number of deleted keys, and their pairs if requested.
    case deleted(Int, previous: [StoredPair] = [])
    /// Pairs by key, and the number of pairs that the limit cut off.
    case range([StoredPair], omitted: Int = 0)
    case transaction(succeeded: Bool, [StoreResponseBody])
    /// Any response: a model without old revisions does not know the response to a read of one.
    case unknown
    /// A read of a compacted or a future revision.
    case unreadable

    /// Whether the model's response allows the one that a client received.
    func allows(_ received: StoreResponseBody) -> Bool {
        switch (self, received) {
        case (.unknown, .range): true
        case (.transaction(let succeeded, let results), .transaction(let other, let received)):
            succeeded == other && results.count == received.count
                && zip(results, received).allSatisfy { $0.allows($1) }
        default: self == received
        }
    }
}

/// A key with its value and metadata.
package struct StoredPair: Hashable, Sendable {
    package var key: String
    package var value: String
    package var created: Revision
    package var modified: Revision
    package var version: Int64
    /// The lease of the key; 0 for none.
    package var lease: Int64

    package init(
        key: String, value: String, created: Revision, modified: Revision, version: Int64,
        lease: Int64 = 0
    ) {
        self.key = key
        self.value = value
        self.created = created
        self.modified = modified
        self.version = version
        self.lease = lease
    }
}

/// One call to the store.
package typealias StoreCall = RecordedCall<StoreOperation, StoreResponse>
