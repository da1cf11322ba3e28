/// The tag of a field: its number and its wire type.
///
/// Comparing whole tags makes a known field with another wire type an unknown field, as in Go's
/// protobuf.
package struct WireTag: Equatable, Sendable {
    /// Field number * 8 + wire type.
    package let rawValue: UInt32

    /// A tag from its encoded value.
    @inline(__always)
    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The field's number.
    @inline(__always)
    package var fieldNumber: UInt32 { rawValue >> 3 }

    /// The wire type, 0 to 7.
    @inline(__always)
    package var wireType: UInt32 { rawValue & 7 }

    /// The tag of a varint: integers, booleans and enumerations.
    @inline(__always)
    package static func varint(_ fieldNumber: UInt32) -> WireTag {
        WireTag(rawValue: fieldNumber << 3)
    }

    /// The tag of a length-delimited field: bytes, strings, messages and packed scalars.
    @inline(__always)
    package static func bytes(_ fieldNumber: UInt32) -> WireTag {
        WireTag(rawValue: fieldNumber << 3 | 2)
    }
}
