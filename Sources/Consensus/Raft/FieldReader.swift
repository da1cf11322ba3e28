/// Iterates over the fields of one protobuf message with full bounds checks.
struct FieldReader {
    enum Value {
        case varint(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// A fixed-size value; skipped, since no field read here has this wire type.
        case fixed
    }

    private var rest: ArraySlice<UInt8>
    /// Whether the input is malformed; iteration ended there.
    private(set) var isMalformed = false

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The next field; nil at the end or at malformed input, see `isMalformed`.
    mutating func next() -> (number: UInt64, value: Value)? {
        if rest.isEmpty || isMalformed { return nil }
        guard let tag = varint(), tag >> 3 != 0, tag >> 3 <= 0x1FFF_FFFF else { return fail() }
        switch tag & 7 {
        case 0:
            guard let value = varint() else { return fail() }
            return (tag >> 3, .varint(value))
        case 1:
            guard take(8) != nil else { return fail() }
            return (tag >> 3, .fixed)
        case 2:
            guard let count = varint(), count <= UInt64(rest.count), let bytes = take(Int(count))
            else { return fail() }
            return (tag >> 3, .bytes(bytes))
        case 5:
            guard take(4) != nil else { return fail() }
            return (tag >> 3, .fixed)
        default:
            return fail()
        }
    }

    private mutating func fail() -> (number: UInt64, value: Value)? {
        isMalformed = true
        return nil
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        let taken = rest.prefix(count)
        rest = rest.dropFirst(count)
        return taken
    }

    /// A varint of at most ten bytes; bits beyond the 64th are truncated, as in protobuf.
    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 70, let byte = rest.popFirst() {
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
