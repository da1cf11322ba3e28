/// The serial numbers of a certificate revocation list. As in etcd, neither its issuer nor its
/// signature nor its dates are checked.
struct RevocationList: Sendable {
    /// Magnitudes without leading zeros.
    let serialNumbers: Set<[UInt8]>

    /// - Parameter der: version 2, in DER.
    /// - Throws: Go's text.
    init(_ der: [UInt8]) throws(X509Error) {
        var outer = DERReader(der)
        guard var list = outer.read(.sequence) else {
            throw X509Error("x509: malformed crl")
        }
        guard var fields = list.read(.sequence) else {
            throw X509Error("x509: malformed tbs crl")
        }
        try Self.readVersion(&fields)
        _ = try SignatureAlgorithm(inner: &fields, outer: &list)
        guard list.readBitString() != nil else {
            throw X509Error("x509: malformed signature")
        }
        guard let issuer = fields.readElement(.sequence) else {
            throw X509Error("x509: malformed issuer")
        }
        _ = try DistinguishedName(issuer.whole)
        _ = try fields.readTime()
        if fields.isNext(.utcTime) || fields.isNext(.generalizedTime) {
            _ = try fields.readTime()
        }
        serialNumbers = try Self.entries(&fields)
        try Self.checkExtensions(fields.readOptional(.contextConstructed(0)))
    }

    func contains(_ serialNumber: [UInt8]) -> Bool {
        serialNumbers.contains(serialNumber)
    }

    private static func readVersion(_ fields: inout DERReader) throws(X509Error) {
        guard fields.isNext(.integer) else {
            throw X509Error("x509: unsupported crl version")
        }
        guard let version = fields.readSmallInteger() else {
            throw X509Error("x509: malformed crl")
        }
        guard version == 1 else {
            throw X509Error("x509: unsupported crl version: \(version)")
        }
    }

    private static func entries(
        _ fields: inout DERReader
    ) throws(X509Error) -> Set<[UInt8]> {
        guard fields.isNext(.sequence) else { return [] }
        guard var entries = fields.read(.sequence) else {
            throw X509Error("x509: malformed crl")
        }
        var serialNumbers: Set<[UInt8]> = []
        while !entries.isEmpty {
            guard var entry = entries.read(.sequence) else {
                throw X509Error("x509: malformed crl")
            }
            guard let integer = entry.readInteger() else {
                throw X509Error("x509: malformed serial number")
            }
            _ = try entry.readTime()
            switch entry.readOptional(.sequence) {
            case .absent: break
            case .malformed: throw X509Error("x509: malformed extensions")
            case .present(let extensions): try checkList(extensions)
            }
            serialNumbers.insert(magnitude(integer))
        }
        return serialNumbers
    }

    /// Certificates have no negative serial numbers, so the list cannot refuse any by one; Go
    /// compares magnitudes all the same.
    private static func magnitude(_ integer: ArraySlice<UInt8>) -> [UInt8] {
        guard let first = integer.first, first >= 0x80 else {
            return Array(integer.drop { $0 == 0 })
        }
        var bytes = integer.map { ~$0 }
        for index in bytes.indices.reversed() {
            bytes[index] &+= 1
            if bytes[index] != 0 { break }
        }
        return Array(bytes.drop { $0 == 0 })
    }

    private static func checkExtensions(
        _ field: DERReader.Optionally<DERReader>
    ) throws(X509Error) {
        switch field {
        case .absent: break
        case .malformed: throw X509Error("x509: malformed extensions")
        case .present(var content):
            guard let list = content.read(.sequence) else {
                throw X509Error("x509: malformed extensions")
            }
            try checkList(list)
        }
    }

    private static func checkList(_ list: DERReader) throws(X509Error) {
        var list = list
        while !list.isEmpty {
            guard let content = list.read(.sequence) else {
                throw X509Error("x509: malformed extension")
            }
            _ = try CertificateExtension(content)
        }
    }
}
