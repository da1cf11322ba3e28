/// Validation of header field names and values, as in Go's HTTP/2 server.
package enum HTTP2FieldRules {
    /// A token of RFC 9110 section 5.6.2, without upper case letters.
    package static func isName(_ bytes: UnsafeRawBufferPointer) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(isInName)
    }

    /// No control characters except tab.
    package static func isValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 8 else { return bytes.allSatisfy(isInValue) }
        // The last word overlaps the one before it.
        let last = bytes.count - 8
        var offset = 0
        while offset < last {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            guard areInValue(word) else { return false }
            offset += 8
        }
        return areInValue(bytes.loadUnaligned(fromByteOffset: last, as: UInt64.self))
    }

    private static func isInValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == 0x09
    }

    /// `isInValue` of all bytes of a word.
    private static func areInValue(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low = word & (ones &* 0x7F)
        // The lower seven bits of each byte: a sum sets its highest bit and carries into no other.
        let isNotControl = low &+ (ones &* 0x60)
        let isNotTab = (low ^ (ones &* 0x09)) &+ (ones &* 0x7F)
        let isNotDelete = (low ^ (ones &* 0x7F)) &+ (ones &* 0x7F)
        let isValid = word | isNotDelete & (isNotControl | ~isNotTab)
        return isValid & (ones &* 0x80) == ones &* 0x80
    }

    private static func isInName(_ byte: UInt8) -> Bool {
        let set = byte < 64 ? lowNameBytes : highNameBytes
        return byte < 128 && set >> (byte & 63) & 1 == 1
    }

    /// Bits of the bytes below 64 that may be in a name: `!#$%&'*+-.` and digits.
    private static var lowNameBytes: UInt64 { 0x03FF_6CFA_0000_0000 }
    /// Bits of the bytes from 64 to 127: `^_`, the back-tick, lower case letters, `|` and `~`.
    private static var highNameBytes: UInt64 { 0x57FF_FFFF_C000_0000 }
}
