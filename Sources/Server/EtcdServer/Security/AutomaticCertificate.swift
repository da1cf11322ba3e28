import Bootstrap
import Configuration
import ServerLogging
import TLS

/// The certificate that a member makes for itself with `--auto-tls` or `--peer-auto-tls`.
///
/// As in etcd it replaces the whole TLS configuration of its side: authorities, client
/// certificates and lists of allowed names are not used with it.
struct AutomaticCertificate {
    private let side: TransportSide
    private let directory: String
    private let hosts: [String]
    private let validityYears: UInt

    init(_ side: TransportSide, _ configuration: ServerConfiguration) {
        self.side = side
        directory = "\(configuration.effectiveDataDirectory)/fixtures/\(side.rawValue)"
        let urls =
            side == .client
            ? configuration.listenClientURLs.urls + configuration.listenClientHTTPURLs.urls
            : configuration.listenPeerURLs.urls
        hosts = urls.map(\.host)
        validityYears = configuration.selfSignedCertificateValidityYears
    }

    /// Uses the certificate of an earlier start, or makes one; ends the process if it cannot.
    func prepare(logger: ServerLogger) throws -> TransportSecurity {
        let created: SelfSignedCertificate.Created
        do throws(TLSConfigurationError) {
            created = try SelfSignedCertificate.prepare(
                directory: directory, hosts: hosts, validityYears: validityYears)
        } catch {
            logger.warn("cannot generate cert", ["error": .error(error)])
            logger.fatal(
                "failed to get \(side.rawValue) self-signed certs", ["error": .error(error)])
        }
        if created.isNew {
            logger.warn(
                "automatically generate certificates",
                ["certificate-validity-bound-not-after": .string(created.notAfter)])
            logger.info("created cert file", ["path": .string(created.certificateFile)])
            logger.info("created key file", ["path": .string(created.keyFile)])
        }
        var files = TransportSecurity()
        files.autoTLS = true
        files.certificateFile = created.certificateFile
        files.keyFile = created.keyFile
        return files
    }
}
