extension WireReader {
    /// The value of an int64 field.
    @inline(__always)
    package mutating func int64() throws(WireError) -> Int64 {
        Int64(bitPattern: try varint())
    }

    /// The value of an int32 or enumeration field; higher bits are cut off as Go does.
    @inline(__always)
    package mutating func int32() throws(WireError) -> Int32 {
        Int32(truncatingIfNeeded: try varint())
    }

    /// The value of a uint32 field; higher bits are cut off as Go does.
    @inline(__always)
    package mutating func uint32() throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try varint())
    }

    /// The value of a bool field: any varint but zero is true.
    @inline(__always)
    package mutating func bool() throws(WireError) -> Bool {
        try varint() != 0
    }

    /// The value of a bytes field as a slice of the owner, or as a copy when there is none.
    @inline(__always)
    package mutating func bytes() throws(WireError) -> ArraySlice<UInt8> {
        let length = try length()
        let start = position
        position += length
        guard let owner else {
            return ArraySlice(UnsafeRawBufferPointer(rebasing: base[start..<start + length]))
        }
        let first = owner.startIndex + start
        return owner[first..<first + length]
    }

    /// The value of a bytes field as memory of the input, good for as long as that is.
    @inline(__always)
    package mutating func rawBytes() throws(WireError) -> UnsafeRawBufferPointer {
        let length = try length()
        let start = position
        position += length
        return UnsafeRawBufferPointer(rebasing: base[start..<start + length])
    }

    /// The value of a bytes field as an array of its own.
    package mutating func array() throws(WireError) -> [UInt8] {
        [UInt8](try rawBytes())
    }

    /// The value of a string field; text that is not UTF-8 is an error as in Go.
    package mutating func string() throws(WireError) -> String {
        let bytes = try rawBytes()
        if bytes.isEmpty { return "" }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformedText }
        return text
    }

    /// Reads a message field into `message`, over what it holds already: a message that is
    /// repeated where one is expected merges.
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

    /// Reads a message field that has a value of its own.
    package mutating func message<Message: WireMessage>() throws(WireError) -> Message {
        var value = Message()
        try message(into: &value)
        return value
    }

    /// Reads a message field into an optional, which is made when it is nil.
    package mutating func message<Message: WireMessage>(
        into message: inout Message?
    ) throws(WireError) {
        // Taken out first, so that what it holds is not copied while it changes.
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
