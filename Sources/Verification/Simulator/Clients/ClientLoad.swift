import Disk
import EtcdAPI
import Linearizability

/// What a simulated client asks next, as the judge sees it and as the server gets it.
struct ClientLoad {
    private static let keys = ["a", "b", "c", "d", "e", "f"]
    private let client: Int
    private var nextValue = 0

    init(client: Int) { self.client = client }

    mutating func next(_ generator: inout SeededGenerator) -> StoreOperation {
        let key = Self.keys.randomElement(using: &generator) ?? "a"
        switch Int.random(in: 0..<10, using: &generator) {
        case 0...3: return .put(key: key, value: freshValue(&generator))
        case 4: return .delete(key: key)
        case 5: return .range(key: "a", end: "z")
        case 6...7: return .range(key: key, end: nil)
        default: return transaction(key, &generator)
        }
    }

    /// A read alone.
    mutating func nextRead(_ generator: inout SeededGenerator) -> StoreOperation {
        Bool.random(using: &generator)
            ? .range(key: "a", end: "z")
            : .range(key: Self.keys.randomElement(using: &generator) ?? "a", end: nil)
    }

    /// Now and then a value that is longer than a page or a sector.
    private mutating func freshValue(_ generator: inout SeededGenerator) -> String {
        nextValue += 1
        let isLong = Int.random(in: 0..<8, using: &generator) == 0
        return "\(client).\(nextValue)" + (isLong ? String(repeating: "x", count: 1_500) : "")
    }

    private mutating func transaction(
        _ key: String, _ generator: inout SeededGenerator
    ) -> StoreOperation {
        let version = Int64.random(in: 0...3, using: &generator)
        let other = Self.keys.randomElement(using: &generator) ?? "b"
        let relation: StoreOperation.Comparison.Relation =
            Bool.random(using: &generator) ? .greater : .equal
        var success: [StoreOperation] = [
            .put(key: key, value: freshValue(&generator)), .range(key: "a", end: "z"),
        ]
        if other != key { success.append(.delete(key: other)) }
        return .transaction(
            [.init(key: key, relation, .version(version))], success: success,
            failure: [.range(key: key, end: nil)])
    }
}

extension StoreOperation {
    /// Whether the operation goes through the log.
    var isProposed: Bool {
        if case .range = self { return false }
        return true
    }

    /// The request in an entry: field and message.
    var payload: (field: UInt32, bytes: [UInt8]) {
        switch requestOperation {
        case .put(let request): (InternalRaftRequest.Field.put, request.encoded())
        case .deleteRange(let request): (InternalRaftRequest.Field.deleteRange, request.encoded())
        case .txn(let request): (InternalRaftRequest.Field.txn, request.encoded())
        case .range(let request): (InternalRaftRequest.Field.range, request.encoded())
        case .none: preconditionFailure("a client asks for something")
        }
    }

    /// The request in an entry, a put of a lease's key.
    func payload(lease: Int64) -> (field: UInt32, bytes: [UInt8]) {
        guard lease != 0, case .put(var request) = requestOperation else { return payload }
        request.lease = lease
        return (InternalRaftRequest.Field.put, request.encoded())
    }

    /// The operation as a request.
    var requestOperation: RequestOp {
        switch self {
        case .put(let key, let value):
            .put(PutRequest(key: Array(key.utf8)[...], value: Array(value.utf8)[...]))
        case .delete(let key): .deleteRange(DeleteRangeRequest(key: Array(key.utf8)[...]))
        case .range(let key, let end): .range(Self.rangeRequest(key, end))
        case .transaction(let comparisons, let success, let failure):
            .txn(
                TxnRequest(
                    compare: comparisons.map { Compare($0) },
                    success: success.map(\.requestOperation),
                    failure: failure.map(\.requestOperation)))
        }
    }

    static func rangeRequest(_ key: String, _ end: String?) -> RangeRequest {
        RangeRequest(key: Array(key.utf8)[...], rangeEnd: Array((end ?? "").utf8)[...])
    }
}

extension Compare {
    init(_ comparison: StoreOperation.Comparison) {
        let result: Result =
            switch comparison.relation {
            case .equal: .equal
            case .notEqual: .notEqual
            case .less: .less
            case .greater: .greater
            }
        let (target, operand): (Target, Operand) =
            switch comparison.target {
            case .version(let number): (.version, .version(number))
            case .created(let number): (.create, .createRevision(number))
            case .modified(let number): (.mod, .modRevision(number))
            case .value(let text): (.value, .value(Array(text.utf8)[...]))
            }
        self.init(
            result: result, target: target, key: Array(comparison.key.utf8)[...],
            operand: operand)
    }
}
