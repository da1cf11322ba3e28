/// One request of a client to the key-value store, in the form the judge understands.
package indirect enum StoreOperation: Hashable, Sendable {
    /// A lease of 0 is none; `wantsPrevious` asks for the pair before.
    case put(key: String, value: String, lease: Int64 = 0, wantsPrevious: Bool = false)
    /// The single key, or with `end` the keys of [key, end).
    case delete(key: String, end: String? = nil, wantsPrevious: Bool = false)
    /// The single key, or with `end` the keys of [key, end); of these the first `limit`, all if
    /// that is 0; at an old revision, or with 0 as they are now.
    case range(key: String, end: String?, limit: Int = 0, revision: Int64 = 0)
    case transaction([Comparison], success: [StoreOperation], failure: [StoreOperation])

    /// What a transaction asks of one key, or of every key of [key, end). A missing key, or a range
    /// without keys, compares as zeros, and as no value.
    package struct Comparison: Hashable, Sendable {
        package enum Target: Hashable, Sendable {
            case version(Int64)
            case created(Int64)
            case modified(Int64)
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

/// What a client was told.
package struct StoreOutcome: Hashable, Sendable {
    /// The revision of the answer's header.
    package var revision: Int64
    package var result: StoreResult

    package init(revision: Int64, _ result: StoreResult) {
        self.revision = revision
        self.result = result
    }
}

/// An answer without its header.
package indirect enum StoreResult: Hashable, Sendable {
    /// The pair before, where it was asked for and there was one.
    case put(previous: StoredPair? = nil)
    /// How many keys, and their pairs where these were asked for.
    case deleted(Int, previous: [StoredPair] = [])
    /// Pairs by key, and how many more of the range the limit left out.
    case range([StoredPair], leftOut: Int = 0)
    case transaction(succeeded: Bool, [StoreResult])
    /// Whatever it is: a model that does not know the past cannot tell what a read of it gives.
    case unknown
    /// A read of what is compacted, or has not been yet.
    case unreadable

    /// Whether the model's result allows what a client was told.
    func allows(_ told: StoreResult) -> Bool {
        switch (self, told) {
        case (.unknown, .range): true
        case (.transaction(let succeeded, let results), .transaction(let toldOf, let told)):
            succeeded == toldOf && results.count == told.count
                && zip(results, told).allSatisfy { $0.allows($1) }
        default: self == told
        }
    }
}

/// A key with all that the store knows of it.
package struct StoredPair: Hashable, Sendable {
    package var key: String
    package var value: String
    package var created: Int64
    package var modified: Int64
    package var version: Int64
    /// The lease that the key hangs on; 0 for none.
    package var lease: Int64

    package init(
        key: String, value: String, created: Int64, modified: Int64, version: Int64,
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
package typealias StoreCall = RecordedCall<StoreOperation, StoreOutcome>
