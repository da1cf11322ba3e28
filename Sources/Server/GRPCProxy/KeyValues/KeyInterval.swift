import EtcdAPI

/// The keys of a request: one key, the keys up to an end, or all from a key on.
struct KeyInterval: Hashable, Sendable {
    let start: ArraySlice<UInt8>
    /// Empty: only `start`; one zero byte: no end.
    let end: ArraySlice<UInt8>

    init(_ start: ArraySlice<UInt8>, _ end: ArraySlice<UInt8> = []) {
        self.start = start
        self.end = end
    }

    var isSingle: Bool { end.isEmpty }
    private var isOpen: Bool { end.elementsEqual([0]) }

    /// Whether the interval has keys, if it is one.
    var isValid: Bool { isSingle || isOpen || start.lexicographicallyPrecedes(end) }

    func contains(_ key: ArraySlice<UInt8>) -> Bool {
        guard !isSingle else { return start == key }
        return !key.lexicographicallyPrecedes(start)
            && (isOpen || key.lexicographicallyPrecedes(end))
    }

    func overlaps(_ other: KeyInterval) -> Bool {
        if isSingle { return other.contains(start) }
        if other.isSingle { return contains(other.start) }
        return (isOpen || other.start.lexicographicallyPrecedes(end))
            && (other.isOpen || start.lexicographicallyPrecedes(other.end))
    }
}

/// The keys that a write may change.
enum WrittenKeys {
    static func of(_ request: PutRequest) -> [KeyInterval] { [KeyInterval(request.key)] }

    static func of(_ request: DeleteRangeRequest) -> [KeyInterval] {
        [KeyInterval(request.key, request.rangeEnd)]
    }

    /// Those of both branches. As in etcd also the compared ones: a transaction that compares a key
    /// is often a reader's check that its copy is not old.
    static func of(_ request: TxnRequest) -> [KeyInterval] {
        var keys = request.compare.map { KeyInterval($0.key, $0.rangeEnd) }
        var transactions = [request]
        while let transaction = transactions.popLast() {
            for operation in transaction.success + transaction.failure {
                switch operation {
                case .none, .range: break
                case .put(let put): keys += of(put)
                case .deleteRange(let deletion): keys += of(deletion)
                case .txn(let nested): transactions.append(nested)
                }
            }
        }
        return keys
    }
}
