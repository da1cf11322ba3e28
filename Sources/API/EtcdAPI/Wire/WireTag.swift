/// What stands before each field of an encoded message: its number and its wire type.
///
/// Comparing whole tags makes a known field of another wire type an unknown field, as Go's
/// protobuf treats it.
package struct WireTag: Equatable, Sendable {
    /// Field number times eight plus wire type.
    package let rawValue: UInt32

    /// A tag as it stands on the wire.
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

    /// The tag of what has a length: bytes, strings, messages and packed scalars.
    @inline(__always)
    package static func bytes(_ fieldNumber: UInt32) -> WireTag {
        WireTag(rawValue: fieldNumber << 3 | 2)
    }
}
