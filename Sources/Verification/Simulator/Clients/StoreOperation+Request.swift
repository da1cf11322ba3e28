import EtcdAPI
import Identifiers
import Linearizability

/// Operations as requests to the server.
extension StoreOperation {
    /// The request in an entry: field and message.
    var payload: (field: UInt32, bytes: [UInt8]) {
        switch requestOperation {
        case .put(let request): (InternalRaftRequest.Field.put, request.encoded())
        case .deleteRange(let request): (InternalRaftRequest.Field.deleteRange, request.encoded())
        case .txn(let request): (InternalRaftRequest.Field.txn, request.encoded())
        case .range(let request): (InternalRaftRequest.Field.range, request.encoded())
        case .none: preconditionFailure("a request is not empty")
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
        case .range(let key, let end, let limit, let revision):
            .range(
                RangeRequest(
                    key: Array(key.utf8)[...], rangeEnd: Array((end ?? "").utf8)[...],
                    limit: Int64(limit), revision: revision.rawValue))
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
            case .created(let number): (.create, .createRevision(number.rawValue))
            case .modified(let number): (.mod, .modRevision(number.rawValue))
            case .lease(let number): (.lease, .lease(number))
            case .value(let text): (.value, .value(Array(text.utf8)[...]))
            }
        self.init(
            result: result, target: target, key: Array(comparison.key.utf8)[...],
            operand: operand, rangeEnd: Array((comparison.end ?? "").utf8)[...])
    }
}

/// Requests in the form that the checkers use: what clients request, decoded from the log.
extension StoreOperation {
    /// nil for what is no operation on keys, or one that no client here requests.
    init?(_ payload: InternalRaftRequest.Payload) {
        switch payload {
        case .put(let request): self.init(RequestOp.put(request))
        case .deleteRange(let request): self.init(RequestOp.deleteRange(request))
        case .txn(let request): self.init(RequestOp.txn(request))
        case .range(let request): self.init(RequestOp.range(request))
        default: return nil
        }
    }

    init?(_ request: RequestOp) {
        switch request {
        case .put(let put):
            self = .put(
                key: text(put.key), value: text(put.value), lease: put.lease,
                wantsPrevious: put.prevKV)
        case .deleteRange(let delete):
            self = .delete(
                key: text(delete.key), end: rangeEnd(delete.rangeEnd),
                wantsPrevious: delete.prevKV)
        case .range(let range):
            self = .range(
                key: text(range.key), end: rangeEnd(range.rangeEnd), limit: Int(range.limit),
                revision: Revision(range.revision))
        case .txn(let txn):
            self = .transaction(
                txn.compare.compactMap { Comparison($0) },
                success: txn.success.compactMap { StoreOperation($0) },
                failure: txn.failure.compactMap { StoreOperation($0) })
        case .none: return nil
        }
    }
}

extension StoreOperation.Comparison {
    fileprivate init?(_ compare: Compare) {
        let relation: Relation =
            switch compare.result {
            case .equal: .equal
            case .notEqual: .notEqual
            case .less: .less
            default: .greater
            }
        let target: Target
        switch compare.operand {
        case .version(let number): target = .version(number)
        case .createRevision(let number): target = .created(Revision(number))
        case .modRevision(let number): target = .modified(Revision(number))
        case .lease(let number): target = .lease(number)
        case .value(let bytes): target = .value(text(bytes))
        case .none: return nil
        }
        self.init(key: text(compare.key), end: rangeEnd(compare.rangeEnd), relation, target)
    }
}

private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

private func rangeEnd(_ bytes: ArraySlice<UInt8>) -> String? {
    bytes.isEmpty ? nil : text(bytes)
}
