internal import EtcdAPI

extension Transaction {
    /// One operation. A key may be changed once in a transaction.
    public struct Operation: Sendable {
        enum Kind: Sendable {
            case put(Put)
            case range(KeyRange, RangeOptions)
            case delete(KeyRange, returnsPrevious: Bool)
            indirect case transaction(Transaction)
        }

        struct Put: Sendable {
            let key: [UInt8]
            /// nil keeps the value.
            let value: [UInt8]?
            let lease: LeaseID?
            var keepsLease = false
            let returnsPrevious: Bool
        }

        let kind: Kind
    }
}

extension Transaction.Operation {
    /// Puts a value under a key, see `EtcdClient.put`.
    public static func put(
        _ key: some EtcdBytes, _ value: some EtcdBytes, lease: LeaseID? = nil,
        keepsLease: Bool = false, returnsPrevious: Bool = false
    ) -> Self {
        Self(
            kind: .put(
                Put(
                    key: key.etcdBytes, value: value.etcdBytes, lease: lease,
                    keepsLease: keepsLease, returnsPrevious: returnsPrevious)))
    }

    /// Changes the lease of a key that exists, and keeps its value.
    public static func attach(
        _ key: some EtcdBytes, to lease: LeaseID?, returnsPrevious: Bool = false
    ) -> Self {
        Self(
            kind: .put(
                Put(
                    key: key.etcdBytes, value: nil, lease: lease,
                    returnsPrevious: returnsPrevious)))
    }

    /// Reads one key.
    public static func get(_ key: some EtcdBytes) -> Self {
        .range(.key(key))
    }

    /// Reads keys.
    public static func range(_ keys: KeyRange, _ options: RangeOptions = RangeOptions()) -> Self {
        Self(kind: .range(keys, options))
    }

    /// Deletes one key.
    public static func delete(_ key: some EtcdBytes, returnsPrevious: Bool = false) -> Self {
        .delete(.key(key), returnsPrevious: returnsPrevious)
    }

    /// Deletes keys.
    public static func delete(_ keys: KeyRange, returnsPrevious: Bool = false) -> Self {
        Self(kind: .delete(keys, returnsPrevious: returnsPrevious))
    }

    /// A transaction in this one. The conditions of all are compared before any operation is
    /// executed; its operations see what those before it changed.
    public static func transaction(_ nested: Transaction) -> Self {
        Self(kind: .transaction(nested))
    }
}

extension RequestOp {
    init(_ operation: Transaction.Operation, _ prefix: KeyPrefix) {
        switch operation.kind {
        case .put(let put):
            self = .put(
                PutRequest(
                    key: prefix.added(to: put.key), value: (put.value ?? [])[...],
                    lease: put.lease?.rawValue ?? 0, prevKV: put.returnsPrevious,
                    ignoreValue: put.value == nil, ignoreLease: put.keepsLease))
        case .range(let keys, let options):
            self = .range(RangeRequest(keys, options, prefix))
        case .delete(let keys, let returnsPrevious):
            let keys = prefix.added(to: keys)
            self = .deleteRange(
                DeleteRangeRequest(
                    key: keys.start[...], rangeEnd: keys.end[...], prevKV: returnsPrevious))
        case .transaction(let nested):
            self = .txn(TxnRequest(nested, prefix))
        }
    }
}

extension TxnRequest {
    init(_ transaction: Transaction, _ prefix: KeyPrefix) {
        self.init(
            compare: transaction.conditions.map { Compare($0, prefix) },
            success: transaction.success.map { RequestOp($0, prefix) },
            failure: transaction.failure.map { RequestOp($0, prefix) })
    }
}
