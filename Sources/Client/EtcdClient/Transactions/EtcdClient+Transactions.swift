internal import EtcdAPI

/// The response to a transaction.
public struct TransactionResponse: Hashable, Sendable, DecodableResponse {
    /// The response to one operation.
    public enum OperationResponse: Hashable, Sendable {
        case put(PutResponse)
        case range(RangeResponse)
        case delete(DeleteResponse)
        indirect case transaction(TransactionResponse)
    }

    public let header: ResponseHeader
    /// Whether the conditions held.
    public let succeeded: Bool
    /// The responses to the operations that were executed, in their order.
    public let responses: [OperationResponse]

    /// All pairs that ranges of this transaction returned, in the order of the operations.
    public var pairs: [KeyValuePair] {
        responses.flatMap { response in
            switch response {
            case .range(let range): range.pairs
            case .transaction(let nested): nested.pairs
            case .put, .delete: [KeyValuePair]()
            }
        }
    }

    init(from reader: inout WireReader, _ decoding: ResponseDecoding) throws(WireError) {
        var header = EtcdAPI.ResponseHeader()
        var succeeded = false
        var responses: [OperationResponse] = []
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): try reader.message(into: &header)
            case .varint(2): succeeded = try reader.bool()
            case .bytes(3):
                if let response = try Self.operation(in: &reader, decoding) {
                    responses.append(response)
                }
            default: try reader.skip(tag)
            }
        }
        self.header = ResponseHeader(header)
        self.succeeded = succeeded
        self.responses = responses
    }

    private static func operation(
        in reader: inout WireReader, _ decoding: ResponseDecoding
    ) throws(WireError) -> OperationResponse? {
        var inner = WireReader(try reader.rawBytes())
        var response: OperationResponse?
        while let tag = try inner.nextTag() {
            switch tag {
            case .bytes(1): response = .range(try .nested(in: &inner, decoding))
            case .bytes(2): response = .put(try .nested(in: &inner, decoding))
            case .bytes(3): response = .delete(try .nested(in: &inner, decoding))
            case .bytes(4): response = .transaction(try .nested(in: &inner, decoding))
            default: try inner.skip(tag)
            }
        }
        return response
    }
}

extension EtcdClient {
    /// Executes a transaction.
    ///
    /// - Parameter isIdempotent: whether it may be executed twice, for example since its own
    ///   conditions do not hold any more after the first time. It is repeated like a read then.
    /// - Throws: `duplicateKey`, `tooManyOperations`, and the errors of its operations.
    @discardableResult
    public func commit(
        _ transaction: Transaction, isIdempotent: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> TransactionResponse {
        let request = TxnRequest(transaction, prefix).encoded()
        let method = isIdempotent || transaction.isReadOnly ? Method.repeatableTxn : .txn
        let bytes = try await cluster.unary(method, request, timeout: timeout)
        return try seen(TransactionResponse(bytes, prefix), \.header)
    }
}
