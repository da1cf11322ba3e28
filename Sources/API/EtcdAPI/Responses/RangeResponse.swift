/// A RangeResponse of key-values that are already encoded, as they are stored.
///
/// Small responses are collected here as a whole. For large ones `encodeHead`, `KeyValueFraming`
/// and `encodeTail` write the same bytes in pieces; `encodedSize(keyValuesSizeBytes:)` returns the
/// length beforehand.
package struct RangeResponse: WireEncodable, Equatable {
    package var header: ResponseHeader?
    /// The pairs, each prefixed with tag and length.
    package private(set) var keyValues: [UInt8]
    /// Whether the range has more pairs than the limit.
    package var more: Bool
    /// Number of pairs in the range, regardless of the limit.
    package var count: Int64

    package init(header: ResponseHeader? = nil, more: Bool = false, count: Int64 = 0) {
        self.header = header
        self.more = more
        self.count = count
        keyValues = []
    }

    /// Reserves capacity for further pairs.
    package mutating func reserve(bytes: Int) {
        keyValues.reserveCapacity(keyValues.count + bytes)
    }

    /// Appends a pair, as stored.
    package mutating func append(keyValue encoded: UnsafeRawBufferPointer) {
        KeyValueFraming.rangePairs.append(encoded, to: &keyValues)
    }

    /// Appends a pair whose encoding differs from the stored one.
    package mutating func append(_ keyValue: some WireEncodable) {
        KeyValueFraming.rangePairs.append(keyValue, to: &keyValues)
    }

    package var encodedSize: Int { encodedSize(keyValuesSizeBytes: keyValues.count) }

    package func encode(into writer: inout WireWriter) {
        encodeHead(into: &writer)
        writer.append(keyValues)
        encodeTail(into: &writer)
    }

    /// Bytes of the response if its pairs, with tags and lengths, have `keyValuesSizeBytes`.
    package func encodedSize(keyValuesSizeBytes: Int) -> Int {
        var size = keyValuesSizeBytes
        if let header { size += WireSize.message(header, field: 1) }
        return size + tailSize
    }

    /// Bytes of the fields after the pairs.
    package var tailSize: Int { WireSize.bool(more, field: 3) + WireSize.int64(count, field: 4) }

    /// Appends the fields before the pairs.
    package func encodeHead(into writer: inout WireWriter) {
        if let header { writer.appendMessage(header, field: 1) }
    }

    /// Appends the fields after the pairs.
    package func encodeTail(into writer: inout WireWriter) {
        writer.appendBool(more, field: 3)
        writer.appendInt64(count, field: 4)
    }
}

/// One message of a RangeStream, which wraps a RangeResponse.
package struct RangeStreamResponse: WireEncodable, Equatable {
    package var range: RangeResponse

    package init(range: RangeResponse) {
        self.range = range
    }

    package var encodedSize: Int { WireSize.message(range, field: 1) }

    package func encode(into writer: inout WireWriter) {
        writer.appendMessage(range, field: 1)
    }
}
