/// One request of a client to the key-value store, in the form the judge understands.
package indirect enum StoreOperation: Hashable, Sendable {
    case put(key: String, value: String)
    case delete(key: String)
    /// The single key, or with `end` the keys of [key, end).
    case range(key: String, end: String?)
    case transaction([Comparison], success: [StoreOperation], failure: [StoreOperation])

    /// What a transaction asks of one key. A missing key compares as zeros, and as no value.
    package struct Comparison: Hashable, Sendable {
        package enum Target: Hashable, Sendable {
            case version(Int64)
            case created(Int64)
            case modified(Int64)
            case value(String)
        }

        package enum Relation: Hashable, Sendable { case equal, notEqual, less, greater }

        package let key: String
        package let relation: Relation
        package let target: Target

        package init(key: String, _ relation: Relation, _ target: Target) {
            self.key = key
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
    case put
    case deleted(Int)
    case range([StoredPair])
    case transaction(succeeded: Bool, [StoreResult])
}

/// A key with all that the store knows of it.
package struct StoredPair: Hashable, Sendable {
    package var key: String
    package var value: String
    package var created: Int64
    package var modified: Int64
    package var version: Int64

    package init(key: String, value: String, created: Int64, modified: Int64, version: Int64) {
        self.key = key
        self.value = value
        self.created = created
        self.modified = modified
        self.version = version
    }
}

/// One call to the store.
package typealias StoreCall = RecordedCall<StoreOperation, StoreOutcome>
