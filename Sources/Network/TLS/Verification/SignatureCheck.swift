internal import Crypto
internal import _CryptoExtras

/// Whether one certificate has signed another.
enum SignatureCheck {
    /// Throws Go's text unless `parent` may sign certificates and has signed `child`.
    static func check(
        _ child: X509Certificate, signedBy parent: X509Certificate
    ) throws(X509Error) {
        let constraints = parent.extensions.basicConstraints
        guard constraints?.isAuthority ?? (parent.version < 3) else { throw cannotSign }
        if let usage = parent.extensions.keyUsage, usage != 0, usage & keyCertSign == 0 {
            throw cannotSign
        }
        if parent.publicKey == .other { throw unimplemented }
        try checkSignature(child, parent.publicKey)
    }

    private static let keyCertSign: UInt16 = 1 << 5

    private static var cannotSign: X509Error {
        X509Error(
            "x509: invalid signature: parent certificate cannot sign this kind of certificate")
    }

    private static var unimplemented: X509Error {
        X509Error("x509: cannot verify signature: algorithm unimplemented")
    }

    private static func checkSignature(
        _ child: X509Certificate, _ key: SubjectPublicKey
    ) throws(X509Error) {
        switch (child.signatureAlgorithm, key) {
        case (.insecure(let name), _):
            throw X509Error("x509: cannot verify signature: insecure algorithm \(name)")
        case (.unknown, _): throw unimplemented
        case (.rsa(let hash), .rsa(let key, _)):
            try rsa(child, hash, key, .insecurePKCS1v1_5)
        case (.rsaPSS(let hash), .rsa(let key, _)): try rsa(child, hash, key, .PSS)
        case (.ecdsa(let hash), .ecdsa(let curve, let point)):
            guard try ecdsa(child, hash, curve, point) else {
                throw X509Error("x509: ECDSA verification failure")
            }
        case (.ed25519, .ed25519(let key)):
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key),
                key.isValidSignature(child.signature, for: child.signedPart)
            else { throw X509Error("x509: Ed25519 verification failure") }
        case (.rsa, _), (.rsaPSS, _): throw mismatch("RSA", key)
        case (.ecdsa, _): throw mismatch("ECDSA", key)
        case (.ed25519, _): throw mismatch("Ed25519", key)
        }
    }

    private static func mismatch(_ name: String, _ key: SubjectPublicKey) -> X509Error {
        X509Error(
            "x509: signature algorithm specifies an \(name) public key, but have public key of "
                + "type \(key.goType)")
    }

    private static func rsa(
        _ child: X509Certificate, _ hash: SignatureAlgorithm.Hash, _ key: [UInt8],
        _ padding: _RSA.Signing.Padding
    ) throws(X509Error) {
        let failure = X509Error("crypto/rsa: verification error")
        guard let key = try? _RSA.Signing.PublicKey(unsafeDERRepresentation: key) else {
            throw failure
        }
        let signature = _RSA.Signing.RSASignature(rawRepresentation: child.signature)
        let isValid =
            switch hash {
            case .sha256:
                key.isValidSignature(
                    signature, for: SHA256.hash(data: child.signedPart), padding: padding)
            case .sha384:
                key.isValidSignature(
                    signature, for: SHA384.hash(data: child.signedPart), padding: padding)
            case .sha512:
                key.isValidSignature(
                    signature, for: SHA512.hash(data: child.signedPart), padding: padding)
            }
        guard isValid else { throw failure }
    }

    private static func ecdsa(
        _ child: X509Certificate, _ hash: SignatureAlgorithm.Hash, _ curve: SubjectPublicKey.Curve,
        _ point: [UInt8]
    ) throws(X509Error) -> Bool {
        let signed = child.signedPart
        switch hash {
        case .sha256:
            return try ecdsa(SHA256.hash(data: signed), child.signature, curve, point)
        case .sha384:
            return try ecdsa(SHA384.hash(data: signed), child.signature, curve, point)
        case .sha512:
            return try ecdsa(SHA512.hash(data: signed), child.signature, curve, point)
        }
    }

    private static func ecdsa(
        _ digest: some Digest, _ signature: ArraySlice<UInt8>, _ curve: SubjectPublicKey.Curve,
        _ point: [UInt8]
    ) throws(X509Error) -> Bool {
        switch curve {
        case .p224: throw unimplemented
        case .p256:
            guard let key = try? P256.Signing.PublicKey(x963Representation: point),
                let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: digest)
        case .p384:
            guard let key = try? P384.Signing.PublicKey(x963Representation: point),
                let signature = try? P384.Signing.ECDSASignature(derRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: digest)
        case .p521:
            guard let key = try? P521.Signing.PublicKey(x963Representation: point),
                let signature = try? P521.Signing.ECDSASignature(derRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: digest)
        }
    }
}
