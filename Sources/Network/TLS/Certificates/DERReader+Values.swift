extension DERReader {
    /// A bit string: the bytes, and how many bits at the end do not count.
    struct BitString {
        var bytes: ArraySlice<UInt8>
        var unusedBits: Int

        /// Bit 0 is the first one. False past the end.
        func bit(_ index: Int) -> Bool {
            guard index >= 0, index < bytes.count * 8 - unusedBits else { return false }
            return bytes[bytes.startIndex + index / 8] & (0x80 >> (index % 8)) != 0
        }
    }

    /// The bytes of an integer in two's complement, big-endian, as short as can be.
    mutating func readInteger() -> ArraySlice<UInt8>? {
        let before = self
        guard let content = readElement(.integer)?.content, Self.isInteger(content) else {
            self = before
            return nil
        }
        return content
    }

    /// An integer that fits; nil for any other.
    mutating func readSmallInteger() -> Int? {
        let before = self
        guard let content = readInteger(), content.count <= 8, let first = content.first else {
            self = before
            return nil
        }
        return content.dropFirst().reduce(Int(Int8(bitPattern: first))) { $0 << 8 | Int($1) }
    }

    private static func isInteger(_ content: ArraySlice<UInt8>) -> Bool {
        guard let first = content.first else { return false }
        guard content.count > 1 else { return true }
        let second = content[content.startIndex + 1]
        return !(first == 0 && second < 0x80) && !(first == 0xff && second >= 0x80)
    }

    mutating func readBoolean() -> Bool? {
        let before = self
        guard let content = readElement(.boolean)?.content, content.count == 1,
            let byte = content.first, byte == 0 || byte == 0xff
        else {
            self = before
            return nil
        }
        return byte == 0xff
    }

    mutating func readBitString() -> BitString? {
        let before = self
        guard let content = readElement(.bitString)?.content, let unused = content.first,
            unused < 8, unused == 0 || content.count > 1,
            content[content.endIndex - 1] & ((1 << unused) - 1) == 0 || content.count == 1
        else {
            self = before
            return nil
        }
        return BitString(bytes: content.dropFirst(), unusedBits: Int(unused))
    }

    /// The content of an object identifier, which is checked to be well formed.
    mutating func readObjectIdentifier() -> ObjectIdentifierBytes? {
        let before = self
        guard let content = readElement(.objectIdentifier)?.content,
            let identifier = ObjectIdentifierBytes(content)
        else {
            self = before
            return nil
        }
        return identifier
    }
}
