/// A PutResponse.
package struct PutResponse: WireEncodable, Equatable {
    package var header: ResponseHeader?
    /// The previous pair, as stored; nil when not requested or not existing.
    package var previous: [UInt8]?

    package init(header: ResponseHeader? = nil, previous: [UInt8]? = nil) {
        self.header = header
        self.previous = previous
    }

    package var encodedSize: Int {
        var size = 0
        if let header { size += WireSize.message(header, field: 1) }
        if let previous { size += WireSize.explicitBytes(previous.count, field: 2) }
        return size
    }

    package func encode(into writer: inout WireWriter) {
        if let header { writer.appendMessage(header, field: 1) }
        if let previous {
            writer.appendLength(previous.count, field: 2)
            writer.append(previous)
        }
    }
}

/// A DeleteRangeResponse.
package struct DeleteRangeResponse: WireEncodable, Equatable {
    package var header: ResponseHeader?
    /// Number of deleted keys.
    package var deleted: Int64
    /// The deleted pairs, each prefixed with tag and length.
    package private(set) var previous: [UInt8]

    package init(header: ResponseHeader? = nil, deleted: Int64 = 0) {
        self.header = header
        self.deleted = deleted
        previous = []
    }

    /// Appends a deleted pair, as stored.
    package mutating func append(previous encoded: UnsafeRawBufferPointer) {
        KeyValueFraming.deletedPairs.append(encoded, to: &previous)
    }

    package var encodedSize: Int {
        var size = WireSize.int64(deleted, field: 2) + previous.count
        if let header { size += WireSize.message(header, field: 1) }
        return size
    }

    package func encode(into writer: inout WireWriter) {
        if let header { writer.appendMessage(header, field: 1) }
        writer.appendInt64(deleted, field: 2)
        writer.append(previous)
    }
}
