/// A RangeResponse around key-values that are encoded already, as they are stored.
///
/// Small answers are gathered here whole. For large ones `encodeHead`, `KeyValueFraming` and
/// `encodeTail` write the same bytes in pieces, with `encodedSize(keyValuesSizeBytes:)` telling
/// the length before.
package struct RangeAnswer: WireEncodable, Equatable {
    package var header: ResponseHeader?
    /// The pairs with tag and length in front, one behind the other.
    package private(set) var keyValues: [UInt8]
    /// Whether the range has more pairs than the limit let through.
    package var more: Bool
    /// Pairs in the range, whatever the limit.
    package var count: Int64

    package init(header: ResponseHeader? = nil, more: Bool = false, count: Int64 = 0) {
        self.header = header
        self.more = more
        self.count = count
        keyValues = []
    }

    /// Makes room for pairs that are to come.
    package mutating func reserve(bytes: Int) {
        keyValues.reserveCapacity(keyValues.count + bytes)
    }

    /// Appends a pair as it is stored.
    package mutating func append(keyValue encoded: UnsafeRawBufferPointer) {
        KeyValueFraming.rangePairs.append(encoded, to: &keyValues)
    }

    /// Appends a pair that is not stored as it is to be answered.
    package mutating func append(_ keyValue: some WireEncodable) {
        KeyValueFraming.rangePairs.append(keyValue, to: &keyValues)
    }

    package var encodedSize: Int { encodedSize(keyValuesSizeBytes: keyValues.count) }

    package func encode(into writer: inout WireWriter) {
        encodeHead(into: &writer)
        writer.append(keyValues)
        encodeTail(into: &writer)
    }

    /// Bytes of the answer when its pairs, tags and lengths included, have `keyValuesSizeBytes`.
    package func encodedSize(keyValuesSizeBytes: Int) -> Int {
        var size = keyValuesSizeBytes
        if let header { size += WireSize.message(header, field: 1) }
        return size + tailSize
    }

    /// Bytes of what stands behind the pairs.
    package var tailSize: Int { WireSize.bool(more, field: 3) + WireSize.int64(count, field: 4) }

    /// Appends what stands before the pairs.
    package func encodeHead(into writer: inout WireWriter) {
        if let header { writer.appendMessage(header, field: 1) }
    }

    /// Appends what stands behind the pairs.
    package func encodeTail(into writer: inout WireWriter) {
        writer.appendBool(more, field: 3)
        writer.appendInt64(count, field: 4)
    }
}

/// One message of a RangeStream: a range answer one level down.
package struct RangeStreamAnswer: WireEncodable, Equatable {
    package var range: RangeAnswer

    package init(range: RangeAnswer) {
        self.range = range
    }

    package var encodedSize: Int { WireSize.message(range, field: 1) }

    package func encode(into writer: inout WireWriter) {
        writer.appendMessage(range, field: 1)
    }
}
