/// The attributes of a subject or an issuer that are printed.
struct DistinguishedName: Hashable, Sendable {
    /// The last common name; empty without one.
    var commonName = ""
    /// The first organization.
    var organization: String?

    /// - Parameter name: the whole element.
    init(_ name: ArraySlice<UInt8>) throws(X509Error) {
        var outer = DERReader(name)
        guard var sets = outer.read(.sequence) else {
            throw X509Error("x509: invalid RDNSequence")
        }
        while !sets.isEmpty {
            guard var set = sets.read(.set) else {
                throw X509Error("x509: invalid RDNSequence")
            }
            while !set.isEmpty {
                guard let attribute = set.read(.sequence) else {
                    throw X509Error("x509: invalid RDNSequence: invalid attribute")
                }
                try add(attribute)
            }
        }
    }

    private mutating func add(_ attribute: DERReader) throws(X509Error) {
        var attribute = attribute
        guard let type = attribute.readObjectIdentifier() else {
            throw X509Error("x509: invalid RDNSequence: invalid attribute type")
        }
        guard let value = attribute.readAny() else {
            throw Self.invalidValue("invalid ASN.1 element")
        }
        guard let text = try DERString.decode(value) else { return }
        if type == .commonName {
            commonName = text
        } else if type == .organization, organization == nil {
            organization = text
        }
    }

    fileprivate static func invalidValue(_ reason: String) -> X509Error {
        X509Error("x509: invalid RDNSequence: invalid attribute value: \(reason)")
    }
}

/// The string types of ASN.1 that occur in names.
private enum DERString {
    /// - Returns: nil for a value that is not a string.
    static func decode(_ element: DERReader.Element) throws(X509Error) -> String? {
        let content = element.content
        switch element.tag {
        case .utf8String:
            guard let text = String(validating: content, as: UTF8.self) else {
                throw DistinguishedName.invalidValue("invalid UTF-8 string")
            }
            return text
        case .printableString:
            guard content.allSatisfy(isPrintable) else {
                throw DistinguishedName.invalidValue("invalid PrintableString")
            }
        case .ia5String:
            guard content.allSatisfy({ $0 < 0x80 }) else {
                throw DistinguishedName.invalidValue("invalid IA5String")
            }
        case .numericString:
            guard content.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x20 }) else {
                throw DistinguishedName.invalidValue("invalid NumericString")
            }
        case .teletexString:
            // Read as Latin-1, as everyone does.
            return String(String.UnicodeScalarView(content.map { Unicode.Scalar($0) }))
        case .bmpString:
            return try basicMultilingual(content)
        default:
            return nil
        }
        return String(decoding: content, as: UTF8.self)
    }

    private static func basicMultilingual(
        _ content: ArraySlice<UInt8>
    ) throws(X509Error) -> String {
        guard content.count % 2 == 0 else {
            throw DistinguishedName.invalidValue("invalid BMPString")
        }
        var scalars = String.UnicodeScalarView()
        for index in stride(from: content.startIndex, to: content.endIndex, by: 2) {
            let unit = UInt16(content[index]) << 8 | UInt16(content[index + 1])
            if unit == 0, index == content.endIndex - 2 { break }
            guard let scalar = Unicode.Scalar(unit), unit < 0xfffe,
                !(0xfdd0...0xfdef).contains(unit)
            else { throw DistinguishedName.invalidValue("invalid BMPString") }
            scalars.append(scalar)
        }
        return String(scalars)
    }

    /// Go's set: the one of the standard, `*` and `&`.
    private static func isPrintable(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "'")...UInt8(ascii: ")"),
            UInt8(ascii: "+")...UInt8(ascii: "/"):
            true
        default: " :=?*&".utf8.contains(byte)
        }
    }
}
