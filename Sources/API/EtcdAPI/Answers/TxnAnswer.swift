/// A TxnResponse. Its inner answers have a header of their own with only the revision, and an
/// inner TxnResponse one that is present and empty, as etcd's have.
package struct TxnAnswer: WireEncodable, Equatable {
    package var header: ResponseHeader?
    package var succeeded: Bool
    package var responses: [OperationAnswer]

    package init(
        header: ResponseHeader? = nil, succeeded: Bool, responses: [OperationAnswer] = []
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

/// The answer to one operation of a transaction (a ResponseOp).
package enum OperationAnswer: WireEncodable, Equatable {
    case range(RangeAnswer)
    case put(PutAnswer)
    case deleteRange(DeleteRangeAnswer)
    case txn(TxnAnswer)

    package var encodedSize: Int {
        switch self {
        case .range(let answer): WireSize.message(answer, field: 1)
        case .put(let answer): WireSize.message(answer, field: 2)
        case .deleteRange(let answer): WireSize.message(answer, field: 3)
        case .txn(let answer): WireSize.message(answer, field: 4)
        }
    }

    package func encode(into writer: inout WireWriter) {
        switch self {
        case .range(let answer): writer.appendMessage(answer, field: 1)
        case .put(let answer): writer.appendMessage(answer, field: 2)
        case .deleteRange(let answer): writer.appendMessage(answer, field: 3)
        case .txn(let answer): writer.appendMessage(answer, field: 4)
        }
    }
}
