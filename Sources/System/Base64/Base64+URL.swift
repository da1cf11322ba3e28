/// The alphabet for URLs, without padding: Go's `RawURLEncoding`, and the parts of a JWT.
extension Base64 {
    /// - Returns: nil if the text is not base64 of this form. Bits of the last character that
    ///   belong to no byte are ignored.
    package static func decodeURL(_ text: some Collection<UInt8>) -> [UInt8]? {
        let remainder = text.count % 4
        guard remainder != 1 else { return nil }
        var standard: [UInt8] = []
        standard.reserveCapacity(text.count + 3)
        for character in text {
            switch character {
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), 0x0A, 0x0D: return nil
            default: standard.append(character)
            }
        }
        if remainder > 0 {
            standard.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 4 - remainder))
        }
        return decode(standard)
    }

    package static func encodeURL(_ bytes: [UInt8]) -> [UInt8] {
        encode(bytes).compactMap { character in
            switch character {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: character
            }
        }
    }
}
