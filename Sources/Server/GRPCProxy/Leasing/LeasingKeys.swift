import EtcdAPI
import EtcdClient

/// The keys by which proxies own keys, and the transactions on them.
struct LeasingKeys: Sendable {
    /// The value by which a writer asks the owner for the key.
    static let revoke = Array("REVOKE".utf8)

    private let namespace: Namespace
    /// Of all owners' keys.
    private let prefix: Namespace

    /// - Parameter prefix: within the namespace.
    init(namespace: Namespace, prefix: [UInt8]) {
        self.namespace = namespace
        self.prefix = Namespace(namespace.prefix + prefix)
    }

    /// All owners' keys.
    var all: KeyRange { KeyRange.prefix(prefix.prefix) }

    func leaseKey(of key: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        (prefix.prefix + key.dropFirst(namespace.prefix.count))[...]
    }

    func key(of leaseKey: [UInt8]) -> ArraySlice<UInt8> {
        (namespace.prefix + leaseKey.dropFirst(prefix.prefix.count))[...]
    }

    /// The owners' keys of an interval.
    func leaseInterval(of interval: KeyInterval) -> KeyInterval {
        let start = leaseKey(of: interval.start)
        guard !interval.isSingle else { return KeyInterval(start) }
        let isOpen = interval.end.elementsEqual([0]) || interval.end.elementsEqual(namespace.end)
        return KeyInterval(start, isOpen ? prefix.end[...] : leaseKey(of: interval.end))
    }

    /// Reads a key, and creates the owner's key unless it exists.
    func acquisition(of key: ArraySlice<UInt8>, _ lease: Int64) -> TxnRequest {
        let leaseKey = leaseKey(of: key)
        let read = RequestOp.range(RangeRequest(key: key))
        return TxnRequest(
            compare: [Self.isAbsent(KeyInterval(leaseKey))],
            success: [read, .put(PutRequest(key: leaseKey, lease: lease))], failure: [read])
    }

    /// Does an operation if no key has an owner, otherwise reads the owners' keys.
    func guarded(_ operation: RequestOp, _ leased: [KeyInterval]) -> TxnRequest {
        TxnRequest(
            compare: leased.map(Self.isAbsent), success: [operation],
            failure: leased.map { .range(RangeRequest(key: $0.start, rangeEnd: $0.end)) })
    }

    /// Asks the owner for a key, unless its ownership has ended.
    func revocation(of pair: KeyValue) -> TxnRequest {
        TxnRequest(
            compare: [
                Compare(
                    target: .mod, key: pair.key, operand: .modRevision(pair.modRevision))
            ],
            success: [
                .put(PutRequest(key: pair.key, value: Self.revoke[...], ignoreLease: true))
            ])
    }

    private static func isAbsent(_ interval: KeyInterval) -> Compare {
        Compare(
            target: .create, key: interval.start, operand: .createRevision(0),
            rangeEnd: interval.end)
    }
}

/// The response of a transaction of `LeasingKeys`.
struct LeasingResponse {
    private(set) var succeeded = false
    /// The response of the first operation, with the header of the transaction.
    private(set) var inner: [UInt8] = []
    /// The pairs that the operations have read.
    private(set) var leaseKeys: [KeyValue] = []

    /// Whether a pair is on a lease.
    var hasLease: Bool { leaseKeys.contains { $0.lease != 0 } }

    /// nil for a message that cannot be decoded.
    init?(_ bytes: [UInt8]) {
        do throws(WireError) {
            try read(bytes)
        } catch {
            return nil
        }
    }

    private mutating func read(_ bytes: [UInt8]) throws(WireError) {
        var operations: [ArraySlice<UInt8>] = []
        var fields = WireFields(bytes[...])
        while let field = try fields.next() {
            switch field.number {
            case 1: inner += field.whole
            case 2: succeeded = field.varint == 1
            case 3: if let operation = field.bytes { operations.append(operation) }
            default: break
            }
        }
        for (index, operation) in operations.enumerated() {
            var choice = WireFields(operation)
            guard let chosen = try choice.next(), let response = chosen.bytes else { continue }
            try read(response, isFirst: index == 0, isRange: chosen.number == 1)
        }
    }

    private mutating func read(
        _ response: ArraySlice<UInt8>, isFirst: Bool, isRange: Bool
    ) throws(WireError) {
        var fields = WireFields(response)
        while let field = try fields.next() {
            if isFirst, field.number != 1 { inner += field.whole }
            if isRange, field.number == 2, let pair = field.bytes {
                leaseKeys.append(try KeyValue(decoding: pair))
            }
        }
    }
}
