extension WireWriter {
    /// Appends one byte.
    @inline(__always)
    package mutating func append(byte: UInt8) {
        reserve(1)
        base[count] = byte
        count &+= 1
    }

    /// Appends bytes as they are.
    @inline(__always)
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        reserve(bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: base[count..<count &+ bytes.count])
            .copyMemory(from: bytes)
        count &+= bytes.count
    }

    /// Appends bytes as they are.
    @inline(__always)
    package mutating func append(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { memory in append(memory) }
    }

    /// Appends bytes as they are.
    @inline(__always)
    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { memory in append(memory) }
    }

    /// Appends a varint.
    @inline(__always)
    package mutating func appendVarint(_ value: UInt64) {
        if value < 0x80 {
            append(byte: UInt8(truncatingIfNeeded: value))
        } else {
            appendLongVarint(value)
        }
    }

    mutating func appendLongVarint(_ value: UInt64) {
        reserve(WireSize.varint(value))
        var rest = value
        while rest >= 0x80 {
            base[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            count &+= 1
            rest >>= 7
        }
        base[count] = UInt8(truncatingIfNeeded: rest)
        count &+= 1
    }

    /// Appends a field's tag.
    @inline(__always)
    package mutating func appendTag(_ tag: WireTag) {
        appendVarint(UInt64(tag.rawValue))
    }

    /// Appends the tag and the length prefix of `count` bytes.
    @inline(__always)
    package mutating func appendLength(_ count: Int, field: UInt32) {
        appendTag(.bytes(field))
        appendVarint(UInt64(count))
    }

    /// Appends a bytes field, even when empty.
    @inline(__always)
    package mutating func appendExplicitBytes(_ bytes: UnsafeRawBufferPointer, field: UInt32) {
        appendLength(bytes.count, field: field)
        append(bytes)
    }

    /// Appends a bytes field unless it is empty.
    @inline(__always)
    package mutating func appendBytes(_ bytes: UnsafeRawBufferPointer, field: UInt32) {
        if !bytes.isEmpty { appendExplicitBytes(bytes, field: field) }
    }

    /// Appends a bytes field unless it is empty.
    @inline(__always)
    package mutating func appendBytes(_ bytes: ArraySlice<UInt8>, field: UInt32) {
        bytes.withUnsafeBytes { memory in appendBytes(memory, field: field) }
    }

    /// Appends a bytes field unless it is empty.
    @inline(__always)
    package mutating func appendBytes(_ bytes: [UInt8], field: UInt32) {
        bytes.withUnsafeBytes { memory in appendBytes(memory, field: field) }
    }

    /// Appends a string field unless it is empty.
    package mutating func appendString(_ text: String, field: UInt32) {
        if text.isEmpty { return }
        var text = text
        text.withUTF8 { utf8 in appendBytes(UnsafeRawBufferPointer(utf8), field: field) }
    }

    /// Appends a uint64 field, even when zero.
    @inline(__always)
    package mutating func appendExplicitUInt64(_ value: UInt64, field: UInt32) {
        appendTag(.varint(field))
        appendVarint(value)
    }

    /// Appends a uint64 field unless it is zero.
    @inline(__always)
    package mutating func appendUInt64(_ value: UInt64, field: UInt32) {
        if value != 0 { appendExplicitUInt64(value, field: field) }
    }

    /// Appends an int64, int32 or enumeration field unless it is zero.
    @inline(__always)
    package mutating func appendInt64(_ value: Int64, field: UInt32) {
        appendUInt64(UInt64(bitPattern: value), field: field)
    }

    /// Appends a bool field unless it is false.
    @inline(__always)
    package mutating func appendBool(_ value: Bool, field: UInt32) {
        if value { appendExplicitUInt64(1, field: field) }
    }

    /// Appends a message field that is present.
    package mutating func appendMessage(_ message: some WireEncodable, field: UInt32) {
        appendLength(message.encodedSize, field: field)
        message.encode(into: &self)
    }
}
