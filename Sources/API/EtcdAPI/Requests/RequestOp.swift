/// One operation of a transaction.
package enum RequestOp: WireMessage, Equatable {
    /// No operation known to this version; a transaction with it is rejected.
    case none
    case range(RangeRequest)
    case put(PutRequest)
    case deleteRange(DeleteRangeRequest)
    case txn(TxnRequest)

    package init() {
        self = .none
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): try mergeRange(from: &reader)
            case .bytes(2): try mergePut(from: &reader)
            case .bytes(3): try mergeDeleteRange(from: &reader)
            case .bytes(4): try mergeTxn(from: &reader)
            default: try reader.skip(tag)
            }
        }
    }

    // The last member of the oneof wins; repeated occurrences of one member merge.

    private mutating func mergeRange(from reader: inout WireReader) throws(WireError) {
        var request = RangeRequest()
        if case .range(let earlier) = self { request = earlier }
        try reader.message(into: &request)
        self = .range(request)
    }

    private mutating func mergePut(from reader: inout WireReader) throws(WireError) {
        var request = PutRequest()
        if case .put(let earlier) = self { request = earlier }
        try reader.message(into: &request)
        self = .put(request)
    }

    private mutating func mergeDeleteRange(from reader: inout WireReader) throws(WireError) {
        var request = DeleteRangeRequest()
        if case .deleteRange(let earlier) = self { request = earlier }
        try reader.message(into: &request)
        self = .deleteRange(request)
    }

    private mutating func mergeTxn(from reader: inout WireReader) throws(WireError) {
        var request = TxnRequest()
        if case .txn(let earlier) = self { request = earlier }
        // A second reference would copy its arrays for each repetition.
        self = .none
        try reader.message(into: &request)
        self = .txn(request)
    }

    package var encodedSize: Int {
        switch self {
        case .none: 0
        case .range(let request): WireSize.message(request, field: 1)
        case .put(let request): WireSize.message(request, field: 2)
        case .deleteRange(let request): WireSize.message(request, field: 3)
        case .txn(let request): WireSize.message(request, field: 4)
        }
    }

    package func encode(into writer: inout WireWriter) {
        switch self {
        case .none: break
        case .range(let request): writer.appendMessage(request, field: 1)
        case .put(let request): writer.appendMessage(request, field: 2)
        case .deleteRange(let request): writer.appendMessage(request, field: 3)
        case .txn(let request): writer.appendMessage(request, field: 4)
        }
    }
}
