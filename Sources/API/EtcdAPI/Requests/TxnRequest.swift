/// The request of KV.Txn: one of two lists of operations, depending on whether all compares hold.
package struct TxnRequest: WireMessage, Equatable {
    package var compare: [Compare]
    package var success: [RequestOp]
    package var failure: [RequestOp]

    package init() {
        self.init(compare: [])
    }

    package init(compare: [Compare], success: [RequestOp] = [], failure: [RequestOp] = []) {
        self.compare = compare
        self.success = success
        self.failure = failure
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): compare.append(try reader.message())
            case .bytes(2): success.append(try reader.message())
            case .bytes(3): failure.append(try reader.message())
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        var size = 0
        for comparison in compare { size += WireSize.message(comparison, field: 1) }
        for operation in success { size += WireSize.message(operation, field: 2) }
        for operation in failure { size += WireSize.message(operation, field: 3) }
        return size
    }

    package func encode(into writer: inout WireWriter) {
        for comparison in compare { writer.appendMessage(comparison, field: 1) }
        for operation in success { writer.appendMessage(operation, field: 2) }
        for operation in failure { writer.appendMessage(operation, field: 3) }
    }
}
