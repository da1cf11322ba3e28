package import EtcdAPI

/// Checks of a request by itself, without any state: etcd's checks in etcd's order.
enum RequestChecks {
    static func check(_ request: RangeRequest) -> EtcdError? {
        guard !request.key.isEmpty else { return .emptyKey }
        guard (0...2).contains(request.sortOrder.rawValue),
            (0...4).contains(request.sortTarget.rawValue)
        else { return .invalidSortOption }
        return nil
    }

    static func check(_ request: PutRequest) -> EtcdError? {
        guard !request.key.isEmpty else { return .emptyKey }
        guard !request.ignoreValue || request.value.isEmpty else { return .valueProvided }
        guard !request.ignoreLease || request.lease == 0 else { return .leaseProvided }
        return nil
    }

    static func check(_ request: DeleteRangeRequest) -> EtcdError? {
        request.key.isEmpty ? .emptyKey : nil
    }

    /// Checks a transaction: sizes and operations first, then that no path puts a key twice or both
    /// puts and deletes it.
    static func check(_ request: TxnRequest, operationsMax: Int) -> EtcdError? {
        if let error = checkOperations(request, operationsMax: operationsMax) { return error }
        do throws(EtcdError) {
            _ = try PathOverlap.check(request.success)
            _ = try PathOverlap.check(request.failure)
        } catch {
            return error
        }
        return nil
    }

    private static func checkOperations(_ request: TxnRequest, operationsMax: Int) -> EtcdError? {
        let longest = max(request.compare.count, request.success.count, request.failure.count)
        guard longest <= operationsMax else { return .tooManyOperations }
        for comparison in request.compare where comparison.key.isEmpty { return .emptyKey }
        for operation in request.success + request.failure {
            let remaining = operationsMax - longest
            if let error = check(operation, nestedOperationsMax: remaining) { return error }
        }
        return nil
    }

    private static func check(_ operation: RequestOp, nestedOperationsMax: Int) -> EtcdError? {
        switch operation {
        case .range(let request): check(request)
        case .put(let request): check(request)
        case .deleteRange(let request): check(request)
        case .txn(let request): checkOperations(request, operationsMax: nestedOperationsMax)
        case .none: .keyNotFound
        }
    }
}

/// The keys that one path through a transaction puts and deletes.
///
/// A key may be put once, and may not be both put and deleted. The branches of a nested transaction
/// exclude each other, so both may put a key, but each must not overlap with the operations beside
/// it. The order of the checks is etcd's, with its gaps: a nested delete is compared only with puts
/// of this level and of later nested transactions.
struct PathOverlap {
    private var puts: Set<ArraySlice<UInt8>> = []
    private var deletes: [KeyInterval] = []

    /// Checks a list of operations and returns the keys that it touches.
    static func check(_ operations: [RequestOp]) throws(EtcdError) -> PathOverlap {
        var touched = PathOverlap()
        for case .deleteRange(let request) in operations {
            touched.deletes.append(KeyInterval(request.key, request.rangeEnd))
        }
        for case .txn(let nested) in operations { try touched.add(nested) }
        for case .put(let request) in operations {
            guard touched.fits(request.key) else { throw .duplicateKey }
            touched.puts.insert(request.key)
        }
        return touched
    }

    private mutating func add(_ nested: TxnRequest) throws(EtcdError) {
        let branches = [try Self.check(nested.success), try Self.check(nested.failure)]
        for branch in branches {
            guard branch.puts.allSatisfy(fits) else { throw .duplicateKey }
        }
        for branch in branches {
            puts.formUnion(branch.puts)
            deletes += branch.deletes
        }
    }

    private func fits(_ key: ArraySlice<UInt8>) -> Bool {
        !puts.contains(key) && !deletes.contains { $0.contains(key) }
    }
}

/// The keys of a delete: one key, or a half-open interval.
struct KeyInterval {
    let start: ArraySlice<UInt8>
    let end: ArraySlice<UInt8>

    init(_ start: ArraySlice<UInt8>, _ end: ArraySlice<UInt8>) {
        self.start = start
        self.end = end
    }

    func contains(_ key: ArraySlice<UInt8>) -> Bool {
        if end.isEmpty { return key == start }
        return !key.lexicographicallyPrecedes(start) && key.lexicographicallyPrecedes(end)
    }
}

extension TxnRequest {
    /// Whether all operations of this level are ranges; nested transactions count as writes.
    var isReadOnly: Bool {
        (success + failure).allSatisfy { operation in
            if case .range = operation { true } else { false }
        }
    }

    /// Whether all its ranges are serializable.
    var isSerializable: Bool {
        (success + failure).allSatisfy { operation in
            if case .range(let request) = operation { request.serializable } else { false }
        }
    }
}
