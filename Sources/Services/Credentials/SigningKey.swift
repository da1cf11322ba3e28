import Crypto
import EtcdAPI
import TLS
import _CryptoExtras

/// The key of signed tokens: it signs and verifies, or verifies only.
enum SigningKey: Sendable {
    case rsa(_RSA.Signing.PublicKey, private: _RSA.Signing.PrivateKey?)
    case p256(P256.Signing.PublicKey, private: P256.Signing.PrivateKey?)
    case p384(P384.Signing.PublicKey, private: P384.Signing.PrivateKey?)
    case p521(P521.Signing.PublicKey, private: P521.Signing.PrivateKey?)
    case ed25519(Curve25519.Signing.PublicKey, private: Curve25519.Signing.PrivateKey?)
    case secret(SymmetricKey)
    /// An elliptic key of another curve than the method's: etcd starts with it, but it neither signs
    /// nor verifies.
    case unusable(isPrivate: Bool)

    /// Whether it cannot sign because there is no private key.
    var isVerifyOnly: Bool {
        switch self {
        case .rsa(_, let own): own == nil
        case .p256(_, let own): own == nil
        case .p384(_, let own): own == nil
        case .p521(_, let own): own == nil
        case .ed25519(_, let own): own == nil
        case .secret: false
        case .unusable(let isPrivate): !isPrivate
        }
    }
}

extension SigningKey {
    /// Whether a signature of this method is genuine.
    func isValid(_ signature: [UInt8], for text: [UInt8], _ method: SigningMethod) -> Bool {
        switch method.hash {
        case .sha256: isValid(signature, for: text, method, SHA256.self)
        case .sha384: isValid(signature, for: text, method, SHA384.self)
        case .sha512: isValid(signature, for: text, method, SHA512.self)
        }
    }

    private func isValid<Hash: HashFunction>(
        _ signature: [UInt8], for text: [UInt8], _ method: SigningMethod, _: Hash.Type
    ) -> Bool {
        switch self {
        case .rsa(let key, _):
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature),
                for: Hash.hash(data: text), padding: method.padding)
        case .p256(let key, _):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: Hash.hash(data: text))
        case .p384(let key, _):
            guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: Hash.hash(data: text))
        case .p521(let key, _):
            guard let signature = try? P521.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: Hash.hash(data: text))
        case .ed25519(let key, _): return key.isValidSignature(signature, for: text)
        case .secret(let key):
            return HMAC<Hash>.isValidAuthenticationCode(
                signature, authenticating: text, using: key)
        case .unusable: return false
        }
    }

    /// The signature of a text.
    ///
    /// - Throws: `verifyOnlyKey` without a private key; `signingKeyInvalid` if the key cannot sign.
    func sign(_ text: [UInt8], _ method: SigningMethod) throws(EtcdError) -> [UInt8] {
        guard !isVerifyOnly else { throw .verifyOnlyKey }
        let signature: [UInt8]?
        do {
            signature =
                switch method.hash {
                case .sha256: try sign(text, method, SHA256.self)
                case .sha384: try sign(text, method, SHA384.self)
                case .sha512: try sign(text, method, SHA512.self)
                }
        } catch {
            throw .signingKeyInvalid
        }
        guard let signature else { throw .signingKeyInvalid }
        return signature
    }

    private func sign<Hash: HashFunction>(
        _ text: [UInt8], _ method: SigningMethod, _: Hash.Type
    ) throws -> [UInt8]? {
        let digest = Hash.hash(data: text)
        return switch self {
        case .rsa(_, let key):
            try key.map {
                Array(try $0.signature(for: digest, padding: method.padding).rawRepresentation)
            }
        case .p256(_, let key):
            try key.map { Array(try $0.signature(for: digest).rawRepresentation) }
        case .p384(_, let key):
            try key.map { Array(try $0.signature(for: digest).rawRepresentation) }
        case .p521(_, let key):
            try key.map { Array(try $0.signature(for: digest).rawRepresentation) }
        case .ed25519(_, let key): try key.map { Array(try $0.signature(for: text)) }
        case .secret(let key):
            Array(HMAC<Hash>.authenticationCode(for: text, using: key))
        case .unusable: nil
        }
    }
}

extension SigningMethod {
    fileprivate var padding: _RSA.Signing.Padding { isPSS ? .PSS : .insecurePKCS1v1_5 }
}
