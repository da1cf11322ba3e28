/// Reads the fields of encoded messages in place.
///
/// Every read is checked against the end of the innermost message; no input makes it trap. With a
/// source array, bytes fields are slices of it, which share its memory; without one they are
/// copies.
package struct WireReader {
    /// Nesting limit of messages in a request. Twice the depth that nested transactions reach with
    /// the default limit of operations (128 levels of two messages each).
    package static let requestDepthMax = 512

    let base: UnsafeRawBufferPointer
    let source: ArraySlice<UInt8>?
    var position: Int
    var end: Int
    var depthRemaining: Int

    /// A reader of raw memory, which must outlive it; bytes fields are copied.
    package init(
        _ bytes: UnsafeRawBufferPointer, depthMax: Int = WireReader.requestDepthMax
    ) {
        self.init(bytes, source: nil, depthMax: depthMax)
    }

    init(_ bytes: UnsafeRawBufferPointer, source: ArraySlice<UInt8>?, depthMax: Int) {
        base = bytes
        self.source = source
        position = 0
        end = bytes.count
        depthRemaining = depthMax
    }

    /// Whether the innermost message is read to its end.
    package var isAtEnd: Bool { position == end }

    /// The tag of the next field, nil at the end of the message.
    @inline(__always)
    package mutating func nextTag() throws(WireError) -> WireTag? {
        if position == end { return nil }
        let first = base[position]
        if first >= 8, first < 0x80 {
            position += 1
            return WireTag(rawValue: UInt32(truncatingIfNeeded: first))
        }
        return try longTag()
    }

    @inline(never)
    private mutating func longTag() throws(WireError) -> WireTag {
        let value = try varint()
        guard value >= 8, value <= UInt64(UInt32.max) else { throw .malformedTag }
        return WireTag(rawValue: UInt32(value))
    }

    /// A varint of up to 64 bits.
    @inline(__always)
    package mutating func varint() throws(WireError) -> UInt64 {
        if position < end {
            let first = base[position]
            if first < 0x80 {
                position += 1
                return UInt64(first)
            }
        }
        return try longVarint()
    }

    @inline(never)
    private mutating func longVarint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = base[position]
            position += 1
            // Only one bit of the tenth byte fits.
            if shift == 63, byte > 1 { throw .malformedVarint }
            value |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .truncated
    }

    /// A length prefix, checked against the remaining bytes.
    @inline(__always)
    mutating func length() throws(WireError) -> Int {
        let length = try varint()
        guard length <= UInt64(truncatingIfNeeded: end - position) else { throw .truncated }
        return Int(truncatingIfNeeded: length)
    }

    /// Skips `count` bytes.
    mutating func advance(_ count: Int) throws(WireError) {
        guard count <= end - position else { throw .truncated }
        position += count
    }
}
