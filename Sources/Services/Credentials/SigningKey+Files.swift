import Crypto
import TLS
import _CryptoExtras

/// Why the keys of signed tokens cannot be used: etcd's text.
package struct SigningKeyError: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    static let missing = SigningKeyError("auth: missing key data")
    static let mismatch = SigningKeyError("auth: public and private keys don't match")
}

extension SigningKey {
    /// The key of a method from the contents of the key files. A file that is not given is empty.
    ///
    /// With both keys, they must belong together; with the public one alone tokens can be verified.
    /// A shared secret is the content of the file of the private key.
    init(
        _ method: SigningMethod, privateFile: [UInt8], publicFile: [UInt8]
    ) throws(SigningKeyError) {
        guard let type = method.keyType else {
            guard !privateFile.isEmpty else { throw .missing }
            self = .secret(SymmetricKey(data: privateFile))
            return
        }
        let own: PEMPrivateKey?
        let shared: PEMPublicKey?
        do throws(TLSConfigurationError) {
            own = try privateFile.isEmpty ? nil : PEMPrivateKey(pem: privateFile, type: type)
            shared = try publicFile.isEmpty ? nil : PEMPublicKey(pem: publicFile, type: type)
        } catch {
            throw SigningKeyError(error.description)
        }
        if let own {
            self = try Self.make(own, method)
            if let shared, try !belongs(to: Self.make(shared, method)) { throw .mismatch }
        } else if let shared {
            self = try Self.make(shared, method)
        } else {
            throw .missing
        }
    }

    private static func make(
        _ key: PEMPrivateKey, _ method: SigningMethod
    ) throws(SigningKeyError) -> SigningKey {
        do {
            switch key {
            case .rsa(let der):
                let key = try _RSA.Signing.PrivateKey(unsafeDERRepresentation: der)
                return .rsa(key.publicKey, private: key)
            case .ecdsa(let curve, _) where curve != method.curve:
                return .unusable(isPrivate: true)
            case .ecdsa(.p256, let scalar):
                let key = try P256.Signing.PrivateKey(rawRepresentation: scalar)
                return .p256(key.publicKey, private: key)
            case .ecdsa(.p384, let scalar):
                let key = try P384.Signing.PrivateKey(rawRepresentation: scalar)
                return .p384(key.publicKey, private: key)
            case .ecdsa(.p521, let scalar):
                let key = try P521.Signing.PrivateKey(rawRepresentation: scalar)
                return .p521(key.publicKey, private: key)
            case .ecdsa(.p224, _): return .unusable(isPrivate: true)
            case .ed25519(let seed):
                let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
                return .ed25519(key.publicKey, private: key)
            }
        } catch {
            throw SigningKeyError("x509: invalid private key: \(error)")
        }
    }

    private static func make(
        _ key: PEMPublicKey, _ method: SigningMethod
    ) throws(SigningKeyError) -> SigningKey {
        do {
            switch key {
            case .rsa(let der):
                return .rsa(
                    try _RSA.Signing.PublicKey(unsafeDERRepresentation: der), private: nil)
            case .ecdsa(let curve, _) where curve != method.curve:
                return .unusable(isPrivate: false)
            case .ecdsa(.p256, let point):
                return .p256(try P256.Signing.PublicKey(x963Representation: point), private: nil)
            case .ecdsa(.p384, let point):
                return .p384(try P384.Signing.PublicKey(x963Representation: point), private: nil)
            case .ecdsa(.p521, let point):
                return .p521(try P521.Signing.PublicKey(x963Representation: point), private: nil)
            case .ecdsa(.p224, _): return .unusable(isPrivate: false)
            case .ed25519(let bytes):
                return .ed25519(
                    try Curve25519.Signing.PublicKey(rawRepresentation: bytes), private: nil)
            }
        } catch {
            throw SigningKeyError("x509: invalid public key: \(error)")
        }
    }

    /// Whether both have the same public key. Keys that cannot be used are not compared.
    private func belongs(to other: SigningKey) -> Bool {
        switch (self, other) {
        case (.rsa(let key, _), .rsa(let other, _)):
            key.derRepresentation == other.derRepresentation
        case (.p256(let key, _), .p256(let other, _)):
            key.rawRepresentation == other.rawRepresentation
        case (.p384(let key, _), .p384(let other, _)):
            key.rawRepresentation == other.rawRepresentation
        case (.p521(let key, _), .p521(let other, _)):
            key.rawRepresentation == other.rawRepresentation
        case (.ed25519(let key, _), .ed25519(let other, _)):
            key.rawRepresentation == other.rawRepresentation
        case (.unusable, .unusable): true
        default: false
        }
    }
}
