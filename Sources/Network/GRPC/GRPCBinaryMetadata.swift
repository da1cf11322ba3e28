/// Values of metadata whose names end with `-bin`: base64, with or without padding.
package enum GRPCBinaryMetadata {
    /// The offset that Go's decoder reports as invalid; nil when the value is valid.
    package static func firstInvalidOffset(in value: UnsafeRawBufferPointer) -> Int? {
        let isPadded = value.count % 4 == 0
        guard let end = value.firstIndex(where: { !isDigit($0) }) else {
            // A single last character has six bits, less than a byte.
            return value.count % 4 == 1 ? value.count - 1 : nil
        }
        guard isPadded, value[end] == padding else { return end }
        switch end % 4 {
        case 2:
            guard value[end + 1] == padding else { return end }
            return end + 2 == value.count ? nil : end + 2
        case 3: return end + 1 == value.count ? nil : end + 1
        default: return end
        }
    }

    private static let padding = UInt8(ascii: "=")

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
