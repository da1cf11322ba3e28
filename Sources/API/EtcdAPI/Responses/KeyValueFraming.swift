/// Encodes key-values as a repeated field of a response: prefixes each with tag and length.
package struct KeyValueFraming: Sendable {
    let field: UInt32

    /// The pairs of a RangeResponse.
    package static var rangePairs: KeyValueFraming { KeyValueFraming(field: 2) }

    /// The previous pairs of a DeleteRangeResponse.
    package static var deletedPairs: KeyValueFraming { KeyValueFraming(field: 3) }

    /// Bytes of a pair of `encodedCount` bytes in the response.
    package func sizeBytes(encodedCount: Int) -> Int {
        WireSize.explicitBytes(encodedCount, field: field)
    }

    /// Appends a pair to a response that is written in pieces.
    package func append(_ encoded: UnsafeRawBufferPointer, to writer: inout WireWriter) {
        writer.appendExplicitBytes(encoded, field: field)
    }

    /// Appends a pair to encoded pairs.
    func append(_ encoded: UnsafeRawBufferPointer, to pairs: inout [UInt8]) {
        // Most responses have one pair: reserving its size saves one of two allocations.
        if pairs.isEmpty {
            pairs.reserveCapacity(sizeBytes(encodedCount: encoded.count))
        }
        appendLength(encoded.count, to: &pairs)
        pairs.append(contentsOf: encoded)
    }

    /// Encodes a pair and appends it to encoded pairs.
    func append(_ keyValue: some WireEncodable, to pairs: inout [UInt8]) {
        let size = keyValue.encodedSize
        appendLength(size, to: &pairs)
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { memory in
            var writer = WireWriter(into: memory)
            keyValue.encode(into: &writer)
            precondition(writer.count == size, "an encoding fills exactly its encoded size")
            pairs.append(contentsOf: memory.prefix(size))
        }
    }

    private func appendLength(_ count: Int, to pairs: inout [UInt8]) {
        pairs.append(UInt8(WireTag.bytes(field).rawValue))
        var rest = UInt64(count)
        while rest >= 0x80 {
            pairs.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        pairs.append(UInt8(truncatingIfNeeded: rest))
    }
}
