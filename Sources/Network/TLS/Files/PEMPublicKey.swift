/// A public key for the signatures of tokens, from a PEM file: the key itself, or a certificate.
package enum PEMPublicKey: Hashable, Sendable {
    /// PKCS#1 in DER.
    case rsa([UInt8])
    /// The point is uncompressed.
    case ecdsa(EllipticCurve, point: [UInt8])
    case ed25519([UInt8])

    /// - Throws: the text of golang-jwt, or of Go's parsers of keys and certificates.
    package init(pem: [UInt8], type: PEMKeyType) throws(TLSConfigurationError) {
        let der = try PEMKey.content(pem)
        let key: SubjectPublicKey
        do throws(X509Error) {
            key = try Self.key(der, type)
        } catch {
            throw TLSConfigurationError(error.description)
        }
        switch (type, key) {
        case (.rsa, .rsa(let key, _)): self = .rsa(key)
        case (.ecdsa, .ecdsa(let curve, let point)):
            self = .ecdsa(EllipticCurve(curve), point: point)
        case (.ed25519, .ed25519(let key)): self = .ed25519(key)
        case (.rsa, _): throw TLSConfigurationError("key is not a valid RSA public key")
        case (.ecdsa, _): throw TLSConfigurationError("key is not a valid ECDSA public key")
        case (.ed25519, _): throw TLSConfigurationError("key is not a valid Ed25519 public key")
        }
    }

    private static func key(
        _ der: [UInt8], _ type: PEMKeyType
    ) throws(X509Error) -> SubjectPublicKey {
        do throws(X509Error) {
            return try subjectPublicKey(der)
        } catch {
            // golang-jwt reads no certificate for Ed25519.
            guard type != .ed25519 else { throw error }
        }
        do throws(X509Error) {
            return try X509Certificate(der).publicKey
        } catch {
            guard type == .rsa else { throw error }
        }
        return try pkcs1(der)
    }

    /// A subject public key info.
    private static func subjectPublicKey(_ der: [UInt8]) throws(X509Error) -> SubjectPublicKey {
        var reader = DERReader(der)
        guard let info = reader.read(.sequence), info.isNext(.sequence) else {
            throw X509Error(PrivateKeyErrorText.of(der))
        }
        guard reader.isEmpty else {
            throw X509Error("x509: trailing data after ASN.1 of public-key")
        }
        let key = try SubjectPublicKey(info.bytes)
        guard key != .other else { throw X509Error("x509: unknown public key algorithm") }
        return key
    }

    private static func pkcs1(_ der: [UInt8]) throws(X509Error) -> SubjectPublicKey {
        var reader = DERReader(der)
        guard var numbers = reader.read(.sequence), let modulus = numbers.readInteger(),
            numbers.readInteger() != nil
        else { throw X509Error(PrivateKeyErrorText.of(der)) }
        guard reader.isEmpty else {
            throw X509Error("asn1: syntax error: trailing data")
        }
        return .rsa(key: der, modulus: Array(modulus.drop { $0 == 0 }))
    }
}
