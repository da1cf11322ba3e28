/// Encoded key-values as a repeated field of an answer: the tag and length that stand before each.
package struct KeyValueFraming: Sendable {
    let field: UInt32

    /// The pairs of a RangeResponse.
    package static var rangePairs: KeyValueFraming { KeyValueFraming(field: 2) }

    /// The previous pairs of a DeleteRangeResponse.
    package static var deletedPairs: KeyValueFraming { KeyValueFraming(field: 3) }

    /// Bytes that a pair of `encodedCount` bytes takes in the answer.
    package func sizeBytes(encodedCount: Int) -> Int {
        WireSize.explicitBytes(encodedCount, field: field)
    }

    /// Appends a pair to an answer that is written piece by piece.
    package func append(_ encoded: UnsafeRawBufferPointer, to writer: inout WireWriter) {
        writer.appendExplicitBytes(encoded, field: field)
    }

    /// Appends a pair to gathered ones.
    func append(_ encoded: UnsafeRawBufferPointer, to gathered: inout [UInt8]) {
        // Most answers have one pair; room for it at once is one allocation instead of two.
        if gathered.isEmpty {
            gathered.reserveCapacity(sizeBytes(encodedCount: encoded.count))
        }
        appendLength(encoded.count, to: &gathered)
        gathered.append(contentsOf: encoded)
    }

    /// Encodes a pair behind gathered ones.
    func append(_ keyValue: some WireEncodable, to gathered: inout [UInt8]) {
        let size = keyValue.encodedSize
        appendLength(size, to: &gathered)
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { memory in
            var writer = WireWriter(into: memory)
            keyValue.encode(into: &writer)
            precondition(writer.count == size, "an encoding fills exactly its encoded size")
            gathered.append(contentsOf: memory.prefix(size))
        }
    }

    private func appendLength(_ count: Int, to gathered: inout [UInt8]) {
        gathered.append(UInt8(WireTag.bytes(field).rawValue))
        var rest = UInt64(count)
        while rest >= 0x80 {
            gathered.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        gathered.append(UInt8(truncatingIfNeeded: rest))
    }
}
