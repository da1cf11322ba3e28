/// Base64 of large values, without intermediate copies.
extension Base64 {
    package enum Alphabet: Sendable {
        /// With `+` and `/`.
        case standard
        /// With `-` and `_`.
        case url
    }

    private static let characters: [UInt8] = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Appends the base64 of `bytes`, with padding.
    package static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        // Reserving for small values would copy the text for each of them.
        if bytes.count > 4096 { text.reserveCapacity(text.count + (bytes.count + 2) / 3 * 4) }
        let characters = Self.characters
        characters.withUnsafeBufferPointer { characters in
            func character(_ group: UInt32, _ shift: UInt32) -> UInt8 {
                characters[Int(group >> shift & 63)]
            }
            var index = 0
            while index + 3 <= bytes.count {
                let group =
                    UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8
                    | UInt32(bytes[index + 2])
                text.append(character(group, 18))
                text.append(character(group, 12))
                text.append(character(group, 6))
                text.append(character(group, 0))
                index += 3
            }
            guard index < bytes.count else { return }
            let hasTwo = index + 2 == bytes.count
            let group =
                UInt32(bytes[index]) << 16 | (hasTwo ? UInt32(bytes[index + 1]) << 8 : 0)
            text.append(character(group, 18))
            text.append(character(group, 12))
            text.append(hasTwo ? character(group, 6) : UInt8(ascii: "="))
            text.append(UInt8(ascii: "="))
        }
    }

    /// The bytes of a text, as Go reads it: line ends are skipped, and bits of the last character
    /// that belong to no byte are ignored.
    ///
    /// - Parameter isPadded: whether the text ends with padding if its last group is incomplete.
    /// - Returns: nil if the text is not base64 of this form.
    package static func decode(
        _ text: UnsafeRawBufferPointer, alphabet: Alphabet, isPadded: Bool
    ) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count / 4 * 3 + 3)
        var (bits, count, paddingCount) = (UInt32(0), 0, 0)
        for character in text where character != 0x0A && character != 0x0D {
            guard character != UInt8(ascii: "=") else {
                paddingCount += 1
                continue
            }
            guard paddingCount == 0, let value = value(of: character, alphabet) else {
                return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 1
            guard count & 3 == 0 else { continue }
            decoded.append(UInt8(truncatingIfNeeded: bits >> 16))
            decoded.append(UInt8(truncatingIfNeeded: bits >> 8))
            decoded.append(UInt8(truncatingIfNeeded: bits))
        }
        let rest = count & 3
        guard rest != 1, paddingCount == (isPadded && rest > 0 ? 4 - rest : 0) else { return nil }
        if rest >= 2 { decoded.append(UInt8(truncatingIfNeeded: bits >> (rest == 2 ? 4 : 10))) }
        if rest == 3 { decoded.append(UInt8(truncatingIfNeeded: bits >> 2)) }
        return decoded
    }

    @inline(__always)
    private static func value(of character: UInt8, _ alphabet: Alphabet) -> UInt8? {
        switch (character, alphabet) {
        case (UInt8(ascii: "A")...UInt8(ascii: "Z"), _): character - UInt8(ascii: "A")
        case (UInt8(ascii: "a")...UInt8(ascii: "z"), _): character - UInt8(ascii: "a") + 26
        case (UInt8(ascii: "0")...UInt8(ascii: "9"), _): character - UInt8(ascii: "0") + 52
        case (UInt8(ascii: "+"), .standard), (UInt8(ascii: "-"), .url): 62
        case (UInt8(ascii: "/"), .standard), (UInt8(ascii: "_"), .url): 63
        default: nil
        }
    }
}
