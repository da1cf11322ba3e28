internal import EtcdAPI
public import Identifiers

extension Transaction {
    /// A comparison of a key, or of every key of a range.
    ///
    /// A missing key compares as zeros with an empty value; a range without keys holds.
    public struct Condition: Hashable, Sendable {
        public enum Relation: Sendable { case equal, notEqual, less, greater }

        enum Property: Hashable, Sendable {
            case version(Int64)
            case createRevision(Revision)
            case modRevision(Revision)
            case value([UInt8])
            case lease(Int64)
        }

        let keys: KeyRange
        let relation: Relation
        let property: Property
    }
}

extension Transaction.Condition {
    /// The key exists.
    public static func exists(_ key: some EtcdBytes) -> Self {
        .version(of: .key(key), .greater, 0)
    }

    /// The key does not exist.
    public static func isMissing(_ key: some EtcdBytes) -> Self {
        .version(of: .key(key), .equal, 0)
    }

    /// The key was changed last at this revision, so that nobody changed it since it was read.
    public static func isUnchanged(_ key: some EtcdBytes, since revision: Revision) -> Self {
        .modRevision(of: .key(key), .equal, revision)
    }

    /// The key has this value.
    public static func value(of key: some EtcdBytes, equals value: some EtcdBytes) -> Self {
        .value(of: .key(key), .equal, value)
    }

    /// Compares the number of puts since the key was created.
    public static func version(
        of keys: KeyRange, _ relation: Relation, _ version: Int64
    ) -> Self {
        Self(keys: keys, relation: relation, property: .version(version))
    }

    /// Compares the revision that created the key.
    public static func createRevision(
        of keys: KeyRange, _ relation: Relation, _ revision: Revision
    ) -> Self {
        Self(keys: keys, relation: relation, property: .createRevision(revision))
    }

    /// Compares the revision that changed the key last.
    public static func modRevision(
        of keys: KeyRange, _ relation: Relation, _ revision: Revision
    ) -> Self {
        Self(keys: keys, relation: relation, property: .modRevision(revision))
    }

    /// Compares the value, byte by byte.
    public static func value(
        of keys: KeyRange, _ relation: Relation, _ value: some EtcdBytes
    ) -> Self {
        Self(keys: keys, relation: relation, property: .value(value.etcdBytes))
    }

    /// Compares the ID of the key's lease; nil compares with a key without a lease.
    public static func lease(
        of keys: KeyRange, _ relation: Relation, _ lease: LeaseID?
    ) -> Self {
        Self(keys: keys, relation: relation, property: .lease(lease?.rawValue ?? 0))
    }
}

extension Compare {
    init(_ condition: Transaction.Condition, _ prefix: KeyPrefix) {
        let result: Result =
            switch condition.relation {
            case .equal: .equal
            case .notEqual: .notEqual
            case .less: .less
            case .greater: .greater
            }
        let (target, operand): (Target, Operand) =
            switch condition.property {
            case .version(let number): (.version, .version(number))
            case .createRevision(let number): (.create, .createRevision(number.rawValue))
            case .modRevision(let number): (.mod, .modRevision(number.rawValue))
            case .value(let bytes): (.value, .value(bytes[...]))
            case .lease(let id): (.lease, .lease(id))
            }
        let keys = prefix.added(to: condition.keys)
        self.init(
            result: result, target: target, key: keys.start[...], operand: operand,
            rangeEnd: keys.end[...])
    }
}
