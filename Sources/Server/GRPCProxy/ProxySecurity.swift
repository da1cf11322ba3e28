import ServerLogging
import TLS

/// The TLS of a proxy, for its clients and for requests to members over HTTP.
struct ProxySecurity {
    /// nil: clients connect without TLS.
    let listening: TLSServer?
    /// For the pages of members; nil without any certificate of the dialing side.
    let dialing: TLSClient?

    /// Reads the certificates, or makes the one of `--auto-tls`.
    ///
    /// - Parameter host: of the certificate that is made.
    init(
        _ configuration: ProxyConfiguration, host: String, logger: ServerLogger
    ) throws(ProxyStartError) {
        var files = configuration.listening
        if files.isAutomatic, files.certificateFile.isEmpty, files.keyFile.isEmpty {
            do throws(TLSConfigurationError) {
                let created = try SelfSignedCertificate.prepare(
                    directory: configuration.dataDirectory + "/fixtures/proxy", hosts: [host],
                    validityYears: UInt(files.validityYears))
                files.certificateFile = created.certificateFile
                files.keyFile = created.keyFile
            } catch {
                throw ProxyStartError(error.description)
            }
        }
        listening = try Self.server(files, logger)
        dialing = try Self.client(configuration.dialing)
    }

    private static func server(
        _ files: ProxyConfiguration.ListeningSecurity, _ logger: ServerLogger
    ) throws(ProxyStartError) -> TLSServer? {
        guard !files.certificateFile.isEmpty || !files.keyFile.isEmpty else { return nil }
        logger.info(
            "gRPC proxy server TLS",
            [
                "tls-info": .string(
                    "cert = \(files.certificateFile), key = \(files.keyFile), client-cert=, "
                        + "client-key=, trusted-ca = \(files.trustedCAFile), "
                        + "client-cert-auth = false, crl-file = \(files.revocationListFile)")
            ])
        do throws(TLSConfigurationError) {
            try CipherSuites.check(files.cipherSuites)
        } catch {
            throw ProxyStartError("\(Self.goLogTime) \(error)")
        }
        do throws(TLSConfigurationError) {
            return try TLSServer(
                TLSEndpointConfiguration(listening: files), applicationProtocols: ["h2"])
        } catch {
            throw ProxyStartError(
                error.description, logMessage: "failed to create TLS listener")
        }
    }

    /// The time as Go's log package writes it before this text: `2026/11/29 05:15:41`.
    private static var goLogTime: String {
        String(
            LogTimestamp.text(LogTimestamp.now()).prefix(19).map { character in
                switch character {
                case "-": "/"
                case "T": " "
                default: character
                }
            })
    }

    private static func client(
        _ files: ProxyConfiguration.DialingSecurity
    ) throws(ProxyStartError) -> TLSClient? {
        do throws(TLSConfigurationError) {
            let client = try TLSClient(
                TLSEndpointConfiguration(dialing: files), applicationProtocols: [])
            guard !files.certificateFile.isEmpty else { return client }
            // Members would take its calls without a token for those of that user.
            let name = try CertificateFile.commonName(of: files.certificateFile)
            guard name.isEmpty else {
                throw TLSConfigurationError(
                    "cert has non empty Common Name (\(name)): \(files.certificateFile)")
            }
            return client
        } catch {
            throw ProxyStartError(error.description)
        }
    }
}
