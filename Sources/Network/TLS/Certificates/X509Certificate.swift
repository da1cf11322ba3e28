/// One certificate, parsed: what its verification and its identity need.
final class X509Certificate: Sendable {
    /// The whole certificate in DER.
    let der: [UInt8]
    /// The part that is signed.
    let signedPart: ArraySlice<UInt8>
    let signature: ArraySlice<UInt8>
    let signatureAlgorithm: SignatureAlgorithm
    let version: Int
    /// The magnitude of the serial number, big-endian, without leading zeros.
    let serialNumber: [UInt8]
    let rawIssuer: ArraySlice<UInt8>
    let rawSubject: ArraySlice<UInt8>
    let subject: DistinguishedName
    /// Seconds since 1970, both included.
    let notBefore: Int64
    let notAfter: Int64
    /// The subject public key info.
    let rawPublicKey: ArraySlice<UInt8>
    let publicKey: SubjectPublicKey
    let extensions: CertificateExtensions

    /// Parses a certificate by the rules, and with the texts, of Go.
    init(_ der: [UInt8]) throws(X509Error) {
        var outer = DERReader(der)
        guard let whole = outer.readElement(.sequence) else {
            throw X509Error("x509: malformed certificate")
        }
        guard outer.isEmpty else { throw X509Error("x509: trailing data") }
        var certificate = DERReader(whole.content)
        guard let signedPart = certificate.readElement(.sequence) else {
            throw X509Error("x509: malformed tbs certificate")
        }
        var fields = DERReader(signedPart.content)
        let version = try Self.version(&fields)
        let serialNumber = try Self.serialNumber(&fields)
        let algorithm = try SignatureAlgorithm(inner: &fields, outer: &certificate)
        guard let issuer = fields.readElement(.sequence) else {
            throw X509Error("x509: malformed issuer")
        }
        _ = try DistinguishedName(issuer.whole)
        guard var validity = fields.read(.sequence) else {
            throw X509Error("x509: malformed validity")
        }
        let notBefore = try validity.readTime()
        let notAfter = try validity.readTime()
        guard let subject = fields.readElement(.sequence) else {
            throw X509Error("x509: malformed issuer")
        }
        let subjectName = try DistinguishedName(subject.whole)
        guard let publicKey = fields.readElement(.sequence) else {
            throw X509Error("x509: malformed spki")
        }
        let parsedKey = try SubjectPublicKey(publicKey.content)
        let extensions = try Self.extensions(&fields, version: version)
        guard let signature = certificate.readBitString() else {
            throw X509Error("x509: malformed signature")
        }
        self.der = der
        self.signedPart = signedPart.whole
        self.signature = signature.bytes
        signatureAlgorithm = algorithm
        self.version = version
        self.serialNumber = serialNumber
        rawIssuer = issuer.whole
        rawSubject = subject.whole
        self.subject = subjectName
        self.notBefore = notBefore
        self.notAfter = notAfter
        rawPublicKey = publicKey.whole
        self.publicKey = parsedKey
        self.extensions = extensions
    }

    /// 1, 2 or 3.
    private static func version(_ fields: inout DERReader) throws(X509Error) -> Int {
        switch fields.readOptional(.contextConstructed(0)) {
        case .absent: return 1
        case .malformed: throw X509Error("x509: malformed version")
        case .present(var content):
            guard let number = content.readSmallInteger(), content.isEmpty,
                (0...3).contains(number)
            else { throw X509Error("x509: malformed version") }
            guard number < 3 else { throw X509Error("x509: invalid version") }
            return number + 1
        }
    }

    private static func serialNumber(
        _ fields: inout DERReader
    ) throws(X509Error) -> [UInt8] {
        guard let integer = fields.readInteger(), let first = integer.first else {
            throw X509Error("x509: malformed serial number")
        }
        guard first < 0x80 else { throw X509Error("x509: negative serial number") }
        return Array(integer.drop { $0 == 0 })
    }

    private static func extensions(
        _ fields: inout DERReader, version: Int
    ) throws(X509Error) -> CertificateExtensions {
        guard version > 1 else { return CertificateExtensions() }
        for (number, name) in [(UInt8(1), "issuerUniqueID"), (2, "subjectUniqueID")] {
            if case .malformed = fields.readOptional(.context(number)) {
                throw X509Error("x509: malformed \(name)")
            }
        }
        guard version == 3 else { return CertificateExtensions() }
        switch fields.readOptional(.contextConstructed(3)) {
        case .absent: return CertificateExtensions()
        case .malformed: throw X509Error("x509: malformed extensions")
        case .present(var content):
            guard let list = content.read(.sequence) else {
                throw X509Error("x509: malformed extensions")
            }
            return try CertificateExtensions(list)
        }
    }
}
