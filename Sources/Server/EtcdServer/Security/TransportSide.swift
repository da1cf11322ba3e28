import Configuration
import ServerLogging
import TLS

/// The two sides of a member that have certificates of their own.
enum TransportSide: String {
    case client
    case peer

    func security(of configuration: ServerConfiguration) -> TransportSecurity {
        switch self {
        case .client: configuration.clientSecurity
        case .peer: configuration.peerSecurity
        }
    }
}

extension TransportSecurity {
    /// Whether a certificate or a key is given; etcd then counts TLS as configured.
    var hasCertificate: Bool { !certificateFile.isEmpty || !keyFile.isEmpty }

    /// Whether anything is given that a connection to a member uses.
    var isGiven: Bool { hasCertificate || !trustedCAFile.isEmpty || !clientCertificateFile.isEmpty }

    /// The fields of the log line `starting with client TLS`, as etcd writes them.
    func logFields(_ cipherSuites: StringList) -> KeyValuePairs<String, LogValue> {
        [
            "tls-info": .string(
                "cert = \(certificateFile), key = \(keyFile), client-cert=\(clientCertificateFile)"
                    + ", client-key=\(clientKeyFile), trusted-ca = \(trustedCAFile), "
                    + "client-cert-auth = \(clientCertificateAuth), "
                    + "crl-file = \(revocationListFile)"),
            "cipher-suites": .strings(cipherSuites.values),
        ]
    }
}

extension TLSEndpointConfiguration {
    /// The TLS of one side of a member.
    init(_ files: TransportSecurity, _ configuration: ServerConfiguration, side: TransportSide) {
        self.init()
        certificateFile = files.certificateFile
        keyFile = files.keyFile
        clientCertificateFile = files.clientCertificateFile
        clientKeyFile = files.clientKeyFile
        trustedCAFile = files.trustedCAFile
        requiresClientCertificate = files.clientCertificateAuth
        revocationListFile = files.revocationListFile
        allowedCommonNames = files.allowedCommonNames.values
        allowedHostnames = files.allowedHostnames.values
        // Members with certificates that they made themselves cannot verify each other.
        skipsServerVerification = side == .peer && files.autoTLS
        versionMin = configuration.tlsVersionMin == "TLS1.3" ? .v13 : .v12
        versionMax = Self.version(configuration.tlsVersionMax)
        cipherSuites = configuration.cipherSuites.values
    }

    private static func version(_ text: String) -> TLSVersion? {
        switch text {
        case "TLS1.2": .v12
        case "TLS1.3": .v13
        default: nil
        }
    }
}
