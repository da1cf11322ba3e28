import EtcdAPI
import Linearizability

/// Operations as the server gets them.
extension StoreOperation {
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

    /// The operation as a request.
    var requestOperation: RequestOp {
        switch self {
        case .put(let key, let value, let lease, let wantsPrevious):
            .put(
                PutRequest(
                    key: Array(key.utf8)[...], value: Array(value.utf8)[...], lease: lease,
                    prevKV: wantsPrevious))
        case .delete(let key, let end, let wantsPrevious):
            .deleteRange(
                DeleteRangeRequest(
                    key: Array(key.utf8)[...], rangeEnd: Array((end ?? "").utf8)[...],
                    prevKV: wantsPrevious))
        case .range(let key, let end, let limit):
            .range(
                RangeRequest(
                    key: Array(key.utf8)[...], rangeEnd: Array((end ?? "").utf8)[...],
                    limit: Int64(limit)))
        case .transaction(let comparisons, let success, let failure):
            .txn(
                TxnRequest(
                    compare: comparisons.map { Compare($0) },
                    success: success.map(\.requestOperation),
                    failure: failure.map(\.requestOperation)))
        }
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
            case .lease(let number): (.lease, .lease(number))
            case .value(let text): (.value, .value(Array(text.utf8)[...]))
            }
        self.init(
            result: result, target: target, key: Array(comparison.key.utf8)[...],
            operand: operand, rangeEnd: Array((comparison.end ?? "").utf8)[...])
    }
}
