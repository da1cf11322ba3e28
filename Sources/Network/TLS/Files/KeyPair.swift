internal import NIOSSL

/// A certificate with its intermediates, and its private key.
struct KeyPair: Sendable {
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey

    /// Reads both files; the certificate first, as etcd does.
    /// - Throws: the text of Go or of the file system.
    init(certificateFile: String, keyFile: String) throws(TLSConfigurationError) {
        try self.init(
            certificates: FileContents.read(certificateFile), key: FileContents.read(keyFile))
    }

    /// - Parameter certificates: PEM; blocks of other types are skipped.
    /// - Parameter key: PEM; blocks before the key are skipped.
    init(certificates: [UInt8], key: [UInt8]) throws(TLSConfigurationError) {
        let chain = try Self.certificates(PEM.blocks(certificates))
        let keyDER = try Self.key(PEM.blocks(key))
        let leaf: X509Certificate
        do throws(X509Error) {
            leaf = try X509Certificate(chain[0])
        } catch {
            throw TLSConfigurationError(error.description)
        }
        try PrivateKey(keyDER).check(leaf.publicKey)
        if case .ecdsa(.p224, _) = leaf.publicKey {
            // etcd starts, and fails each handshake with this text.
            throw TLSConfigurationError("tls: unsupported certificate curve (P-224)")
        }
        do {
            self.chain = try chain.map { try NIOSSLCertificate(bytes: $0, format: .der) }
        } catch {
            throw TLSConfigurationError("x509: malformed certificate")
        }
        do {
            self.key = try NIOSSLPrivateKey(bytes: keyDER, format: .der)
        } catch {
            throw TLSConfigurationError("tls: failed to parse private key")
        }
    }

    /// - Returns: at least one.
    private static func certificates(
        _ blocks: [PEM.Block]
    ) throws(TLSConfigurationError) -> [[UInt8]] {
        let found = blocks.filter { $0.type == "CERTIFICATE" }.map(\.content)
        guard found.isEmpty else { return found }
        let types = blocks.map(\.type)
        guard !types.isEmpty else {
            throw TLSConfigurationError(
                "tls: failed to find any PEM data in certificate input")
        }
        if types.count == 1, types[0].hasSuffix("PRIVATE KEY") {
            throw TLSConfigurationError(
                "tls: failed to find certificate PEM data in certificate input, but did find a "
                    + "private key; PEM inputs may have been switched")
        }
        throw TLSConfigurationError(
            "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping "
                + "PEM blocks of the following types: [\(types.joined(separator: " "))]")
    }

    private static func key(_ blocks: [PEM.Block]) throws(TLSConfigurationError) -> [UInt8] {
        let found = blocks.first { $0.type == "PRIVATE KEY" || $0.type.hasSuffix(" PRIVATE KEY") }
        if let found { return found.content }
        let types = blocks.map(\.type)
        guard !types.isEmpty else {
            throw TLSConfigurationError("tls: failed to find any PEM data in key input")
        }
        if types == ["CERTIFICATE"] {
            throw TLSConfigurationError(
                "tls: found a certificate rather than a key in the PEM for the private key")
        }
        throw TLSConfigurationError(
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input "
                + "after skipping PEM blocks of the following types: "
                + "[\(types.joined(separator: " "))]")
    }
}
