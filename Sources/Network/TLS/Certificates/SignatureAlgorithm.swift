/// How a certificate is signed.
enum SignatureAlgorithm: Hashable, Sendable {
    enum Hash: Hashable, Sendable {
        case sha256, sha384, sha512

        var lengthBytes: Int {
            switch self {
            case .sha256: 32
            case .sha384: 48
            case .sha512: 64
            }
        }
    }

    case rsa(Hash)
    case rsaPSS(Hash)
    case ecdsa(Hash)
    case ed25519
    /// MD5 and SHA-1, by Go's name: `ECDSA-SHA1`.
    case insecure(String)
    case unknown

    /// Reads the algorithm of the signed part and the one beside the signature, which must agree.
    init(
        inner: inout DERReader, outer: inout DERReader
    ) throws(X509Error) {
        guard var identifier = inner.read(.sequence) else {
            throw X509Error("x509: malformed signature algorithm identifier")
        }
        guard let outside = outer.read(.sequence) else {
            throw X509Error("x509: malformed algorithm identifier")
        }
        guard outside.bytes.elementsEqual(identifier.bytes) else {
            throw X509Error(
                "x509: inner and outer signature algorithm identifiers don't match")
        }
        guard let algorithm = identifier.readObjectIdentifier() else {
            throw X509Error("x509: malformed OID")
        }
        if identifier.isEmpty {
            self = Self.of(algorithm, parameters: nil)
        } else if let parameters = identifier.readAny() {
            self = Self.of(algorithm, parameters: parameters)
        } else {
            throw X509Error("x509: malformed parameters")
        }
    }

    private static func of(
        _ algorithm: ObjectIdentifierBytes, parameters: DERReader.Element?
    ) -> SignatureAlgorithm {
        switch algorithm {
        case .sha256WithRSA: .rsa(.sha256)
        case .sha384WithRSA: .rsa(.sha384)
        case .sha512WithRSA: .rsa(.sha512)
        case .rsaPSS: parameters.flatMap(pssHash).map { .rsaPSS($0) } ?? .unknown
        case .ecdsaWithSHA256: .ecdsa(.sha256)
        case .ecdsaWithSHA384: .ecdsa(.sha384)
        case .ecdsaWithSHA512: .ecdsa(.sha512)
        case .ed25519: parameters == nil ? .ed25519 : .unknown
        case .md5WithRSA: .insecure("MD5-RSA")
        case .sha1WithRSA, .sha1WithRSAOfISO: .insecure("SHA1-RSA")
        case .ecdsaWithSHA1: .insecure("ECDSA-SHA1")
        default: .unknown
        }
    }

    /// The hash of RSASSA-PSS if the salt is as long as the hash and MGF1 uses the same hash, as
    /// RFC 8446 wants it; nil for any other parameters.
    private static func pssHash(_ parameters: DERReader.Element) -> Hash? {
        var fields = DERReader(parameters.content)
        guard parameters.tag == .sequence, var hashField = fields.read(.contextConstructed(0)),
            let hash = readHash(&hashField), var maskField = fields.read(.contextConstructed(1)),
            var mask = maskField.read(.sequence), mask.readObjectIdentifier() == .mgf1,
            readHash(&mask) == hash, var salt = fields.read(.contextConstructed(2)),
            salt.readSmallInteger() == hash.lengthBytes
        else { return nil }
        if fields.isEmpty { return hash }
        guard var trailer = fields.read(.contextConstructed(3)), trailer.readSmallInteger() == 1,
            fields.isEmpty
        else { return nil }
        return hash
    }

    private static func readHash(_ field: inout DERReader) -> Hash? {
        guard var identifier = field.read(.sequence), field.isEmpty,
            let algorithm = identifier.readObjectIdentifier(),
            identifier.isEmpty || identifier.read(.null)?.isEmpty == true
        else { return nil }
        switch algorithm {
        case .sha256: return .sha256
        case .sha384: return .sha384
        case .sha512: return .sha512
        default: return nil
        }
    }
}

extension ObjectIdentifierBytes {
    fileprivate static let mgf1: Self = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08]
}
