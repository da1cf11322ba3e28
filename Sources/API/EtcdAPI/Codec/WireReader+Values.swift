extension WireReader {
    /// The value of an int64 field.
    @inline(__always)
    package mutating func int64() throws(WireError) -> Int64 {
        Int64(bitPattern: try varint())
    }

    /// The value of an int32 or enumeration field; higher bits are truncated as in Go.
    @inline(__always)
    package mutating func int32() throws(WireError) -> Int32 {
        Int32(truncatingIfNeeded: try varint())
    }

    /// The value of a uint32 field; higher bits are truncated as in Go.
    @inline(__always)
    package mutating func uint32() throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try varint())
    }

    /// The value of a bool field: any varint but zero is true.
    @inline(__always)
    package mutating func bool() throws(WireError) -> Bool {
        try varint() != 0
    }

    /// The value of a bytes field as a slice of the source, or as a copy without a source.
    @inline(__always)
    package mutating func bytes() throws(WireError) -> ArraySlice<UInt8> {
        let length = try length()
        let start = position
        position += length
        guard let source else {
            return ArraySlice(UnsafeRawBufferPointer(rebasing: base[start..<start + length]))
        }
        let first = source.startIndex + start
        return source[first..<first + length]
    }

    /// The value of a bytes field as memory of the input, valid as long as the input.
    @inline(__always)
    package mutating func rawBytes() throws(WireError) -> UnsafeRawBufferPointer {
        let length = try length()
        let start = position
        position += length
        return UnsafeRawBufferPointer(rebasing: base[start..<start + length])
    }

    /// The value of a bytes field as a new array.
    package mutating func array() throws(WireError) -> [UInt8] {
        [UInt8](try rawBytes())
    }

    /// The value of a string field; invalid UTF-8 is an error as in Go.
    package mutating func string() throws(WireError) -> String {
        let bytes = try rawBytes()
        if bytes.isEmpty { return "" }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformedText }
        return text
    }

    /// Merges a message field into `message`: repeated occurrences of a singular message field
    /// merge.
    package mutating func message<Message: WireMessage>(
        into message: inout Message
    ) throws(WireError) {
        let length = try length()
        guard depthRemaining > 0 else { throw .nestedTooDeeply }
        let outerEnd = end
        end = position + length
        depthRemaining -= 1
        try message.merge(from: &self)
        depthRemaining += 1
        end = outerEnd
    }

    /// Reads a message field as a new value.
    package mutating func message<Message: WireMessage>() throws(WireError) -> Message {
        var value = Message()
        try message(into: &value)
        return value
    }

    /// Merges a message field into an optional, which is created if nil.
    package mutating func message<Message: WireMessage>(
        into message: inout Message?
    ) throws(WireError) {
        // Taken out first to avoid a copy on write.
        var value = message.take() ?? Message()
        try self.message(into: &value)
        message = value
    }

    /// Reads a packed field of varints.
    mutating func packed(_ body: (UInt64) -> Void) throws(WireError) {
        let length = try length()
        let outerEnd = end
        end = position + length
        while position < end { body(try varint()) }
        end = outerEnd
    }
}
