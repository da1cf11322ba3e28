/// Validation of header field names and values, as in Go's HTTP/2 server.
package enum HTTP2FieldRules {
    /// A token of RFC 9110 section 5.6.2, without upper case letters.
    package static func isName(_ bytes: UnsafeRawBufferPointer) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { isInName[Int($0)] }
    }

    /// No control characters except tab.
    package static func isValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while bytes.count - offset >= 16 {
            let piece = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
            let isControl = (piece .< 0x20) .& (piece .!= 0x09) .| (piece .== 0x7F)
            guard isControl == SIMDMask(repeating: false) else { return false }
            offset += 16
        }
        while offset < bytes.count {
            let byte = bytes[offset]
            guard byte >= 0x20 && byte != 0x7F || byte == 0x09 else { return false }
            offset += 1
        }
        return true
    }

    private static let isInName: [Bool] = (0..<256).map { byte in
        switch UInt8(byte) {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(UInt8(byte))
        }
    }
}
