internal import Crypto

/// A private key, parsed far enough to compare it with a certificate.
struct PrivateKey {
    enum Kind: Hashable {
        case rsa(modulus: [UInt8])
        /// The point is nil when it is neither stored nor can be computed here.
        case ecdsa(SubjectPublicKey.Curve, point: [UInt8]?)
        case ed25519([UInt8])
    }

    let kind: Kind

    /// - Parameter der: PKCS#1, PKCS#8 or SEC 1.
    /// - Throws: Go's text.
    init(_ der: [UInt8]) throws(TLSConfigurationError) {
        if let kind = Self.rsa(DERReader(der)) {
            self.kind = kind
        } else if let kind = try Self.wrapped(der) {
            self.kind = kind
        } else if let kind = Self.ec(DERReader(der), curve: nil) {
            self.kind = kind
        } else {
            throw TLSConfigurationError(
                "tls: failed to parse private key: " + PrivateKeyErrorText.of(der))
        }
    }

    /// Throws Go's text unless the key belongs to the certificate.
    func check(_ publicKey: SubjectPublicKey) throws(TLSConfigurationError) {
        let matches: Bool
        switch (publicKey, kind) {
        case (.rsa(_, let modulus), .rsa(let own)): matches = modulus == own
        case (.ecdsa(let curve, let point), .ecdsa(let ownCurve, let own)):
            matches = curve == ownCurve && (own == nil || point == own)
        case (.ed25519(let key), .ed25519(let own)): matches = key == own
        case (.other, _): throw TLSConfigurationError("tls: unknown public key algorithm")
        default:
            throw TLSConfigurationError(
                "tls: private key type does not match public key type")
        }
        guard matches else {
            throw TLSConfigurationError("tls: private key does not match public key")
        }
    }

    /// PKCS#1: version, modulus, and seven more numbers.
    static func rsa(_ reader: DERReader) -> Kind? {
        var reader = reader
        guard var numbers = reader.read(.sequence), reader.isEmpty,
            let version = numbers.readSmallInteger(), (0...1).contains(version),
            let modulus = numbers.readInteger(), let sign = modulus.first, sign < 0x80
        else { return nil }
        var others = 0
        while others < 7, numbers.readInteger() != nil { others += 1 }
        guard others == 7 else { return nil }
        return .rsa(modulus: Array(modulus.drop { $0 == 0 }))
    }

    /// PKCS#8.
    private static func wrapped(_ der: [UInt8]) throws(TLSConfigurationError) -> Kind? {
        var reader = DERReader(der)
        guard var fields = reader.read(.sequence), reader.isEmpty,
            fields.readSmallInteger() != nil, var identifier = fields.read(.sequence),
            let algorithm = identifier.readObjectIdentifier(), let key = fields.read(.octetString)
        else { return nil }
        switch algorithm {
        case .rsaEncryption: return rsa(key)
        case .ecPublicKey:
            guard let named = identifier.readObjectIdentifier(),
                let curve = SubjectPublicKey.Curve(named)
            else { return nil }
            return ec(key, curve: curve)
        case .ed25519:
            var key = key
            guard let seed = key.read(.octetString)?.bytes, key.isEmpty,
                let own = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)
            else { return nil }
            return .ed25519(Array(own.publicKey.rawRepresentation))
        default:
            throw TLSConfigurationError(
                "tls: failed to parse private key: x509: PKCS#8 wrapping contained private key "
                    + "with unknown algorithm: \(algorithm)")
        }
    }

    /// SEC 1.
    private static func ec(_ reader: DERReader, curve: SubjectPublicKey.Curve?) -> Kind? {
        guard let key = EllipticPrivateKey(reader, curve: curve) else { return nil }
        let computed = key.publicPoint
        if key.curve != .p224, computed == nil { return nil }
        return .ecdsa(key.curve, point: computed ?? key.storedPoint)
    }
}

/// The fields of a private key of SEC 1.
struct EllipticPrivateKey {
    let curve: SubjectPublicKey.Curve
    /// As long as a coordinate.
    let scalar: [UInt8]
    /// The public key, if the file has it.
    let storedPoint: [UInt8]?

    /// - Parameter curve: nil if only the key itself names it.
    init?(_ reader: DERReader, curve: SubjectPublicKey.Curve?) {
        var reader = reader
        guard var fields = reader.read(.sequence), reader.isEmpty,
            fields.readSmallInteger() == 1, let secret = fields.read(.octetString)
        else { return nil }
        var curve = curve
        if var parameters = fields.read(.contextConstructed(0)) {
            guard let named = parameters.readObjectIdentifier() else { return nil }
            curve = curve ?? SubjectPublicKey.Curve(named)
        }
        guard let curve else { return nil }
        let digits = secret.bytes.drop { $0 == 0 }
        guard digits.count <= curve.coordinateBytes else { return nil }
        self.curve = curve
        scalar = Array(repeating: 0, count: curve.coordinateBytes - digits.count) + digits
        var stored: [UInt8]?
        if var field = fields.read(.contextConstructed(1)), let bits = field.readBitString() {
            stored = Array(bits.bytes)
        }
        storedPoint = stored
    }

    /// The public key, computed from the private one; nil for P-224 and for an invalid key.
    var publicPoint: [UInt8]? {
        switch curve {
        case .p224: nil
        case .p256:
            (try? P256.Signing.PrivateKey(rawRepresentation: scalar)).map {
                Array($0.publicKey.x963Representation)
            }
        case .p384:
            (try? P384.Signing.PrivateKey(rawRepresentation: scalar)).map {
                Array($0.publicKey.x963Representation)
            }
        case .p521:
            (try? P521.Signing.PrivateKey(rawRepresentation: scalar)).map {
                Array($0.publicKey.x963Representation)
            }
        }
    }
}
