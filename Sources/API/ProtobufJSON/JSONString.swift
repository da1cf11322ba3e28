extension [UInt8] {
    /// Appends a text as a JSON string. Only what JSON demands is escaped; bytes that are not UTF-8
    /// are replaced.
    package mutating func appendJSONString(_ text: some Collection<UInt8>) {
        append(UInt8(ascii: "\""))
        var isASCII = true
        for byte in text {
            if byte >= 0x80 { isASCII = false }
        }
        if isASCII {
            for byte in text { appendEscaped(byte) }
        } else {
            for byte in String(decoding: text, as: UTF8.self).utf8 { appendEscaped(byte) }
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        guard !byte.isPlainInString else { return append(byte) }
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: append(UInt8(ascii: "b"))
        case 0x0C: append(UInt8(ascii: "f"))
        case 0x0A: append(UInt8(ascii: "n"))
        case 0x0D: append(UInt8(ascii: "r"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0..<0x20:
            let digits = Array<UInt8>("0123456789abcdef".utf8)
            append(contentsOf: "u00".utf8)
            append(digits[Int(byte >> 4)])
            append(digits[Int(byte & 0xF)])
        default: append(byte)
        }
    }
}
