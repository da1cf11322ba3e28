internal import NIOCore
internal import NIOSSL

/// Makes contexts of BoringSSL for one endpoint.
struct ContextFactory: Sendable {
    enum Role: Sendable {
        case server
        case client
    }

    let role: Role
    let versionMin: NIOSSL.TLSVersion
    let versionMax: NIOSSL.TLSVersion?
    let cipherSuites: String
    let applicationProtocols: [String]
    /// A certificate of the other side is required, and given to the callback.
    let asksForCertificate: Bool

    init(
        _ role: Role, _ configuration: TLSEndpointConfiguration, applicationProtocols: [String],
        asksForCertificate: Bool
    ) throws(TLSConfigurationError) {
        self.role = role
        self.applicationProtocols = applicationProtocols
        self.asksForCertificate = asksForCertificate
        versionMin = Self.version(configuration.versionMin)
        versionMax = configuration.versionMax.map(Self.version)
        let suites = try CipherSuites.suites(configuration.cipherSuites).map(\.name)
        // With only names of TLS 1.3 no suite of TLS 1.2 may be agreed on, but BoringSSL wants one:
        // this one needs a key that nobody has.
        cipherSuites =
            suites.isEmpty ? "TLS_PSK_WITH_AES_128_CBC_SHA" : suites.joined(separator: ":")
    }

    private static func version(_ version: TLSVersion) -> NIOSSL.TLSVersion {
        switch version {
        case .v12: .tlsv12
        case .v13: .tlsv13
        }
    }

    /// - Parameter trusted: the names of these are sent to clients, so that they can choose.
    func make(
        _ keyPair: KeyPair?, trusted: [X509Certificate]
    ) throws(TLSConfigurationError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = versionMin
        configuration.maximumTLSVersion = versionMax
        configuration.cipherSuites = cipherSuites
        configuration.curves = [.x25519_MLKEM768, .x25519, .secp256r1, .secp384r1, .secp521r1]
        configuration.verifySignatureAlgorithms = Self.signatureAlgorithms
        configuration.applicationProtocols = applicationProtocols
        configuration.certificateChain = keyPair?.chain.map { .certificate($0) } ?? []
        configuration.privateKey = (keyPair?.key).map { .privateKey($0) }
        // The callback verifies, with pools of its own; the system's roots are not loaded here.
        configuration.certificateVerification =
            asksForCertificate ? .noHostnameVerification : .none
        configuration.trustRoots = .certificates(
            role == .server
                ? trusted.compactMap { try? NIOSSLCertificate(bytes: $0.der, format: .der) } : [])
        configuration.sendCANameList = role == .server
        configuration.shutdownTimeout = .seconds(1)
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch NIOSSLError.failedToLoadPrivateKey {
            throw TLSConfigurationError("tls: private key does not match public key")
        } catch NIOSSLError.failedToLoadCertificate {
            throw TLSConfigurationError(
                "tls: certificate cannot be used for TLS (key usage without digitalSignature?)")
        } catch {
            throw TLSConfigurationError("tls: \(error)")
        }
    }

    /// What signatures of a handshake may be made with, in Go's order; SHA-1 is not among them.
    private static let signatureAlgorithms: [NIOSSL.SignatureAlgorithm] = [
        .rsaPssRsaeSha256, .ecdsaSecp256R1Sha256, .ed25519, .rsaPssRsaeSha384,
        .rsaPssRsaeSha512, .rsaPkcs1Sha256, .rsaPkcs1Sha384, .rsaPkcs1Sha512,
        .ecdsaSecp384R1Sha384, .ecdsaSecp521R1Sha512,
    ]

    /// How each connection's handler is set up.
    static var handlerConfiguration: NIOSSLHandler.Configuration {
        var configuration = NIOSSLHandler.Configuration()
        configuration.maximumPreservedOutboundBufferCapacity = 32 << 10
        return configuration
    }
}
