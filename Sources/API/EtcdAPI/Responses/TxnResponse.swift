/// A TxnResponse. As in etcd, its inner responses have a header with only the revision, and an
/// inner TxnResponse has an empty header.
package struct TxnResponse: WireEncodable, Equatable {
    package var header: ResponseHeader?
    package var succeeded: Bool
    package var responses: [ResponseOp]

    package init(
        header: ResponseHeader? = nil, succeeded: Bool, responses: [ResponseOp] = []
    ) {
        self.header = header
        self.succeeded = succeeded
        self.responses = responses
    }

    package var encodedSize: Int {
        var size = WireSize.bool(succeeded, field: 2)
        if let header { size += WireSize.message(header, field: 1) }
        for response in responses { size += WireSize.message(response, field: 3) }
        return size
    }

    package func encode(into writer: inout WireWriter) {
        if let header { writer.appendMessage(header, field: 1) }
        writer.appendBool(succeeded, field: 2)
        for response in responses { writer.appendMessage(response, field: 3) }
    }
}

/// The response to one operation of a transaction (etcdserverpb.ResponseOp).
package enum ResponseOp: WireEncodable, Equatable {
    case range(RangeResponse)
    case put(PutResponse)
    case deleteRange(DeleteRangeResponse)
    case txn(TxnResponse)

    package var encodedSize: Int {
        switch self {
        case .range(let response): WireSize.message(response, field: 1)
        case .put(let response): WireSize.message(response, field: 2)
        case .deleteRange(let response): WireSize.message(response, field: 3)
        case .txn(let response): WireSize.message(response, field: 4)
        }
    }

    package func encode(into writer: inout WireWriter) {
        switch self {
        case .range(let response): writer.appendMessage(response, field: 1)
        case .put(let response): writer.appendMessage(response, field: 2)
        case .deleteRange(let response): writer.appendMessage(response, field: 3)
        case .txn(let response): writer.appendMessage(response, field: 4)
        }
    }
}
