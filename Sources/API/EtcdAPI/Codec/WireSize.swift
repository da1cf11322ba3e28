/// Sizes of encoded fields in bytes, including the tag; the counterpart of `WireWriter`.
///
/// As in the writer, the plain functions omit default values (proto3), and the `explicit` ones
/// always count the field (proto2 fields that are set).
package enum WireSize {
    /// Bytes of a varint, 1 to 10.
    @inline(__always)
    package static func varint(_ value: UInt64) -> Int {
        // 9/64 is close enough to 1/7 for up to 64 bits.
        let bits = 64 - (value | 1).leadingZeroBitCount
        return (bits &* 9 &+ 64) >> 6
    }

    /// Bytes of a field's tag.
    @inline(__always)
    package static func tag(_ field: UInt32) -> Int {
        varint(UInt64(field << 3))
    }

    /// Bytes of a length-delimited field of `count` bytes, even when empty.
    @inline(__always)
    package static func explicitBytes(_ count: Int, field: UInt32) -> Int {
        tag(field) + varint(UInt64(count)) + count
    }

    /// Bytes of a bytes field, none when empty.
    @inline(__always)
    package static func bytes(_ count: Int, field: UInt32) -> Int {
        count == 0 ? 0 : explicitBytes(count, field: field)
    }

    /// Bytes of a string field, none when empty.
    @inline(__always)
    package static func string(_ text: String, field: UInt32) -> Int {
        bytes(text.utf8.count, field: field)
    }

    /// Bytes of a uint64 field that is set.
    @inline(__always)
    package static func explicitUInt64(_ value: UInt64, field: UInt32) -> Int {
        tag(field) + varint(value)
    }

    /// Bytes of a uint64 field, none for zero.
    @inline(__always)
    package static func uint64(_ value: UInt64, field: UInt32) -> Int {
        value == 0 ? 0 : explicitUInt64(value, field: field)
    }

    /// Bytes of an int64, int32 or enumeration field, none for zero.
    @inline(__always)
    package static func int64(_ value: Int64, field: UInt32) -> Int {
        uint64(UInt64(bitPattern: value), field: field)
    }

    /// Bytes of a bool field, none for false.
    @inline(__always)
    package static func bool(_ value: Bool, field: UInt32) -> Int {
        value ? tag(field) + 1 : 0
    }

    /// Bytes of a message field that is present.
    @inline(__always)
    package static func message(_ message: some WireEncodable, field: UInt32) -> Int {
        explicitBytes(message.encodedSize, field: field)
    }
}
