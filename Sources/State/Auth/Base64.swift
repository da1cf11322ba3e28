/// Base64 as Go's `StdEncoding` decodes it: with padding, line ends are skipped, and bits of the
/// last character that belong to no byte are ignored.
enum Base64 {
    /// - Returns: nil if the text is not base64.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var characters = text.filter { $0 != 0x0A && $0 != 0x0D }
        guard characters.count % 4 == 0 else { return nil }
        for _ in 0..<2 where characters.last == 0x3D { characters.removeLast() }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(characters.count / 4 * 3 + 2)
        var (bits, bitCount) = (UInt32(0), 0)
        for character in characters {
            guard let value = value(of: character) else { return nil }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            decoded.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
        }
        return decoded
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case 0x41...0x5A: character - 0x41
        case 0x61...0x7A: character - 0x61 + 26
        case 0x30...0x39: character - 0x30 + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
