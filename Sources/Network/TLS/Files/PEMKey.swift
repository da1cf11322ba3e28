/// The type of the keys of a signing method of tokens.
package enum PEMKeyType: Sendable {
    case rsa, ecdsa, ed25519
}

/// An elliptic curve, by the name in its keys.
package enum EllipticCurve: Hashable, Sendable {
    case p224, p256, p384, p521

    init(_ curve: SubjectPublicKey.Curve) {
        switch curve {
        case .p224: self = .p224
        case .p256: self = .p256
        case .p384: self = .p384
        case .p521: self = .p521
        }
    }
}

enum PEMKey {
    /// The content of the first block.
    static func content(_ pem: [UInt8]) throws(TLSConfigurationError) -> [UInt8] {
        guard let block = PEM.blocks(pem).first else {
            throw TLSConfigurationError(
                "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key")
        }
        return block.content
    }
}
