internal import EtcdAPI

/// Operations that are executed atomically: one list or the other, depending on conditions.
public struct Transaction: Sendable {
    /// One operation.
    public enum Operation: Sendable {
        case put([UInt8], [UInt8], lease: Int64 = 0)
        case range(KeyRange)
        case delete(KeyRange)
    }

    /// A comparison of one key; a missing key compares as zeros, with an empty value.
    public struct Condition: Sendable {
        public enum Relation: Sendable { case equal, notEqual, less, greater }

        public enum Property: Sendable {
            case version(Int64)
            case createRevision(Revision)
            case modRevision(Revision)
            case value([UInt8])
            case lease(Int64)
        }

        public let key: [UInt8]
        public let relation: Relation
        public let property: Property

        public init(_ key: [UInt8], _ relation: Relation, _ property: Property) {
            self.key = key
            self.relation = relation
            self.property = property
        }
    }

    public var conditions: [Condition]
    /// Executed if all conditions hold.
    public var success: [Operation]
    /// Executed if a condition does not hold.
    public var failure: [Operation]

    public init(
        if conditions: [Condition] = [], then success: [Operation] = [],
        else failure: [Operation] = []
    ) {
        self.conditions = conditions
        self.success = success
        self.failure = failure
    }
}

/// The response to a transaction.
public struct TransactionResponse: Sendable {
    /// The response to one operation.
    public enum OperationResponse: Hashable, Sendable {
        case put(PutResponse)
        case range(RangeResponse)
        case delete(DeleteResponse)
    }

    public let header: ResponseHeader
    /// Whether the conditions held.
    public let succeeded: Bool
    public let responses: [OperationResponse]

    init(_ response: Etcdserverpb_TxnResponse) {
        header = ResponseHeader(response.header)
        succeeded = response.succeeded
        responses = response.responses.compactMap { operation in
            switch operation.response {
            case .responsePut(let put): .put(PutResponse(put))
            case .responseRange(let range): .range(RangeResponse(range))
            case .responseDeleteRange(let delete): .delete(DeleteResponse(delete))
            case .responseTxn, nil: nil
            }
        }
    }
}

extension EtcdClient {
    /// Executes a transaction.
    @discardableResult
    public func commit(
        _ transaction: Transaction
    ) async throws(EtcdClientError) -> TransactionResponse {
        let request = TxnRequest(
            compare: transaction.conditions.map { Compare($0) },
            success: transaction.success.map { RequestOp($0) },
            failure: transaction.failure.map { RequestOp($0) })
        let response: Etcdserverpb_TxnResponse = try await call("KV/Txn", request)
        return TransactionResponse(response)
    }
}

extension Compare {
    init(_ condition: Transaction.Condition) {
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
        self.init(result: result, target: target, key: condition.key[...], operand: operand)
    }
}

extension RequestOp {
    init(_ operation: Transaction.Operation) {
        switch operation {
        case .put(let key, let value, let lease):
            self = .put(PutRequest(key: key[...], value: value[...], lease: lease))
        case .range(let keys):
            self = .range(RangeRequest(key: keys.start[...], rangeEnd: keys.end[...]))
        case .delete(let keys):
            self = .deleteRange(
                DeleteRangeRequest(key: keys.start[...], rangeEnd: keys.end[...]))
        }
    }
}
