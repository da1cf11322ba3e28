/// A private key for the signatures of tokens, from a PEM file.
///
/// Read as golang-jwt does: the first block of the file counts, whatever its type, and its content
/// is tried in one form after the other.
package enum PEMPrivateKey: Hashable, Sendable {
    /// PKCS#1 in DER.
    case rsa([UInt8])
    /// The scalar is as long as a coordinate.
    case ecdsa(EllipticCurve, scalar: [UInt8])
    case ed25519(seed: [UInt8])

    /// - Throws: the text of golang-jwt, or of Go's parser of keys.
    package init(pem: [UInt8], type: PEMKeyType) throws(TLSConfigurationError) {
        let der = try PEMKey.content(pem)
        switch type {
        case .rsa:
            if PrivateKey.rsa(DERReader(der)) != nil {
                self = .rsa(der)
            } else {
                self = try Self.wrapped(der)
            }
            guard case .rsa = self else {
                throw TLSConfigurationError("key is not a valid RSA private key")
            }
        case .ecdsa:
            if let key = EllipticPrivateKey(DERReader(der), curve: nil) {
                self = .ecdsa(EllipticCurve(key.curve), scalar: key.scalar)
            } else {
                self = try Self.wrapped(der)
            }
            guard case .ecdsa = self else {
                throw TLSConfigurationError("key is not a valid ECDSA private key")
            }
        case .ed25519:
            self = try Self.wrapped(der)
            guard case .ed25519 = self else {
                throw TLSConfigurationError("key is not a valid Ed25519 private key")
            }
        }
    }

    /// PKCS#8.
    private static func wrapped(_ der: [UInt8]) throws(TLSConfigurationError) -> PEMPrivateKey {
        var reader = DERReader(der)
        guard var fields = reader.read(.sequence), fields.readSmallInteger() != nil,
            var identifier = fields.read(.sequence),
            let algorithm = identifier.readObjectIdentifier(), let key = fields.read(.octetString)
        else { throw TLSConfigurationError(unwrappedText(der)) }
        switch algorithm {
        case .rsaEncryption:
            guard PrivateKey.rsa(key) != nil else {
                throw TLSConfigurationError(
                    "x509: failed to parse RSA private key embedded in PKCS#8: "
                        + PrivateKeyErrorText.of(Array(key.bytes)))
            }
            return .rsa(Array(key.bytes))
        case .ecPublicKey:
            let curve = identifier.readObjectIdentifier().flatMap { SubjectPublicKey.Curve($0) }
            guard let key = EllipticPrivateKey(key, curve: curve) else {
                throw TLSConfigurationError(
                    "x509: failed to parse EC private key embedded in PKCS#8: "
                        + "x509: unknown elliptic curve")
            }
            return .ecdsa(EllipticCurve(key.curve), scalar: key.scalar)
        case .ed25519: return .ed25519(seed: try seed(key, identifier))
        default:
            throw TLSConfigurationError(
                "x509: PKCS#8 wrapping contained private key with unknown algorithm: \(algorithm)")
        }
    }

    private static func seed(
        _ key: DERReader, _ identifier: DERReader
    ) throws(TLSConfigurationError) -> [UInt8] {
        guard identifier.isEmpty else {
            throw TLSConfigurationError("x509: invalid Ed25519 private key parameters")
        }
        var key = key
        guard let seed = key.read(.octetString)?.bytes else {
            throw TLSConfigurationError(
                "x509: invalid Ed25519 private key: asn1: structure error: tags don't match")
        }
        guard seed.count == 32 else {
            throw TLSConfigurationError(
                "x509: invalid Ed25519 private key length: \(seed.count)")
        }
        return Array(seed)
    }

    /// What Go says about a key that is not in PKCS#8.
    private static func unwrappedText(_ der: [UInt8]) -> String {
        let failure = "x509: failed to parse private key "
        if PrivateKey.rsa(DERReader(der)) != nil {
            return failure + "(use ParsePKCS1PrivateKey instead for this key format)"
        }
        if EllipticPrivateKey(DERReader(der), curve: .p256) != nil
            || EllipticPrivateKey(DERReader(der), curve: nil) != nil
        {
            return failure + "(use ParseECPrivateKey instead for this key format)"
        }
        return PrivateKeyErrorText.of(der)
    }
}
