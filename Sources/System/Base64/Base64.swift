/// Base64 with padding, as Go's `StdEncoding` has it: line ends are skipped, and bits of the last
/// character that belong to no byte are ignored.
package enum Base64 {
    /// - Parameter skipsBlanks: whether spaces and tabs are skipped too, as in a PEM file.
    /// - Returns: nil if the text is not base64.
    package static func decode(
        _ text: some Sequence<UInt8>, skipsBlanks: Bool = false
    ) -> [UInt8]? {
        var characters = text.filter { character in
            let isLineEnd = character == 0x0A || character == 0x0D
            let isBlank = character == 0x20 || character == 0x09
            return !isLineEnd && !(skipsBlanks && isBlank)
        }
        guard characters.count % 4 == 0 else { return nil }
        for _ in 0..<2 where characters.last == UInt8(ascii: "=") { characters.removeLast() }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(characters.count / 4 * 3 + 2)
        var (bits, bitCount) = (UInt32(0), 0)
        for character in characters {
            guard let value = value(character) else { return nil }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            decoded.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
        }
        return decoded
    }

    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        bytes.withUnsafeBytes { append($0, to: &text) }
        return text
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
