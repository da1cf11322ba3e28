/// The public key of a certificate, as far as its type is known.
enum SubjectPublicKey: Hashable, Sendable {
    enum Curve: Hashable, Sendable {
        case p224, p256, p384, p521

        init?(_ identifier: ObjectIdentifierBytes) {
            switch identifier {
            case .p224: self = .p224
            case .p256: self = .p256
            case .p384: self = .p384
            case .p521: self = .p521
            default: return nil
            }
        }

        /// Bytes of a coordinate and of a private key.
        var coordinateBytes: Int {
            switch self {
            case .p224: 28
            case .p256: 32
            case .p384: 48
            case .p521: 66
            }
        }
    }

    /// `key` is the RSAPublicKey in DER, `modulus` without leading zeros.
    case rsa(key: [UInt8], modulus: [UInt8])
    /// `point` is uncompressed.
    case ecdsa(Curve, point: [UInt8])
    case ed25519([UInt8])
    case other

    /// Go's name of the type.
    var goType: String {
        switch self {
        case .rsa: "*rsa.PublicKey"
        case .ecdsa: "*ecdsa.PublicKey"
        case .ed25519: "ed25519.PublicKey"
        case .other: "<nil>"
        }
    }

    /// - Parameter content: of the subject public key info.
    init(_ content: ArraySlice<UInt8>) throws(X509Error) {
        var info = DERReader(content)
        guard var identifier = info.read(.sequence) else {
            throw X509Error("x509: malformed public key algorithm identifier")
        }
        guard let algorithm = identifier.readObjectIdentifier() else {
            throw X509Error("x509: malformed OID")
        }
        let parameters = identifier.isEmpty ? nil : identifier.readAny()
        guard identifier.isEmpty || parameters != nil else {
            throw X509Error("x509: malformed parameters")
        }
        guard let key = info.readBitString(), key.unusedBits == 0 else {
            throw X509Error("x509: malformed subjectPublicKey")
        }
        switch algorithm {
        case .rsaEncryption: self = try Self.rsa(key.bytes, parameters)
        case .ecPublicKey: self = try Self.ecdsa(key.bytes, parameters)
        case .ed25519: self = try Self.ed25519(key.bytes, parameters)
        default: self = .other
        }
    }

    private static func rsa(
        _ key: ArraySlice<UInt8>, _ parameters: DERReader.Element?
    ) throws(X509Error) -> SubjectPublicKey {
        guard let parameters, parameters.tag == .null, parameters.content.isEmpty else {
            throw X509Error("x509: RSA key missing NULL parameters")
        }
        var outer = DERReader(key)
        guard var numbers = outer.read(.sequence) else {
            throw X509Error("x509: invalid RSA public key")
        }
        guard let modulus = numbers.readInteger(), let sign = modulus.first else {
            throw X509Error("x509: invalid RSA modulus")
        }
        guard let exponent = numbers.readSmallInteger() else {
            throw X509Error("x509: invalid RSA public exponent")
        }
        guard sign < 0x80, modulus.contains(where: { $0 != 0 }) else {
            throw X509Error("x509: RSA modulus is not a positive number")
        }
        guard exponent > 0 else {
            throw X509Error("x509: RSA public exponent is not a positive number")
        }
        return .rsa(key: Array(key), modulus: Array(modulus.drop { $0 == 0 }))
    }

    private static func ecdsa(
        _ key: ArraySlice<UInt8>, _ parameters: DERReader.Element?
    ) throws(X509Error) -> SubjectPublicKey {
        guard let parameters, parameters.tag == .objectIdentifier,
            let identifier = ObjectIdentifierBytes(parameters.content)
        else { throw X509Error("x509: invalid ECDSA parameters") }
        guard let curve = Curve(identifier) else {
            throw X509Error("x509: unsupported elliptic curve")
        }
        guard key.first == 4, key.count == 1 + 2 * curve.coordinateBytes else {
            throw X509Error("x509: failed to unmarshal elliptic curve point")
        }
        return .ecdsa(curve, point: Array(key))
    }

    private static func ed25519(
        _ key: ArraySlice<UInt8>, _ parameters: DERReader.Element?
    ) throws(X509Error) -> SubjectPublicKey {
        guard parameters == nil else {
            throw X509Error("x509: Ed25519 key encoded with illegal parameters")
        }
        guard key.count == 32 else {
            throw X509Error("x509: wrong Ed25519 public key size")
        }
        return .ed25519(Array(key))
    }
}
