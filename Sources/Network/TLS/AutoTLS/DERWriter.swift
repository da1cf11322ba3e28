/// Builds DER from the inside out.
enum DERWriter {
    static func element(_ tag: DERTag, _ content: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = content.count
        while rest > 0 {
            length.insert(UInt8(truncatingIfNeeded: rest), at: 0)
            rest >>= 8
        }
        let header =
            content.count < 128
            ? [UInt8(content.count)] : [0x80 | UInt8(length.count)] + length
        return [tag.rawValue] + header + content
    }

    static func sequence(_ elements: [UInt8]...) -> [UInt8] {
        element(.sequence, elements.flatMap { $0 })
    }

    /// - Parameter magnitude: big-endian.
    static func integer(_ magnitude: [UInt8]) -> [UInt8] {
        let digits = Array(magnitude.drop { $0 == 0 })
        let needsZero = (digits.first ?? 0x80) >= 0x80
        return element(.integer, (needsZero ? [0] : []) + digits)
    }

    static func objectIdentifier(_ identifier: ObjectIdentifierBytes) -> [UInt8] {
        element(.objectIdentifier, identifier.bytes)
    }

    static func octetString(_ bytes: [UInt8]) -> [UInt8] {
        element(.octetString, bytes)
    }

    /// A bit string of whole bytes.
    static func bitString(_ bytes: [UInt8]) -> [UInt8] {
        element(.bitString, [0] + bytes)
    }

    /// - Parameter seconds: since 1970; in the form that RFC 5280 wants for the year.
    static func time(_ seconds: Int64) -> [UInt8] {
        let time = CivilTime(secondsSince1970: seconds)
        let digits = Array(time.text.utf8.filter { (0x30...0x39).contains($0) })
        return (1950..<2050).contains(time.year)
            ? element(.utcTime, digits.dropFirst(2) + Array("Z".utf8))
            : element(.generalizedTime, digits + Array("Z".utf8))
    }

    static func certificateExtension(
        _ number: UInt8, isCritical: Bool = false, _ value: [UInt8]
    ) -> [UInt8] {
        sequence(
            element(.objectIdentifier, [0x55, 0x1d, number]),
            isCritical ? element(.boolean, [0xff]) : [], octetString(value))
    }
}
