import Bootstrap
import Configuration
import InitialMembers
import Listening
import PeerTransport
import ServerLogging
import TLS

/// The TLS of a member: what it serves clients and members with, and what it dials members with.
///
/// All files are read here, before anything is written: a member whose certificates are broken
/// does not start.
struct ServerSecurity: Sendable {
    /// For the https and unixs URLs of clients and of metrics; nil without such a URL.
    let clients: TLSServer?
    /// The files of `clients`.
    let clientFiles: TransportSecurity
    /// For the https URLs of members; nil without such a URL.
    let peers: TLSServer?
    /// For requests to members; without TLS if there is neither an https URL nor a certificate.
    let dialing: PeerDialing

    /// Reads certificates, or makes them, in etcd's order: members first.
    ///
    /// - Throws: `BootstrapError` with etcd's text.
    init(_ configuration: ServerConfiguration, logger: ServerLogger) throws {
        let observe: @Sendable (TLSEvent) -> Void = { logger.log($0) }
        try Self.checkSuites(configuration)
        let peerFiles = try Self.files(.peer, configuration, logger)
        do {
            let client: TLSClient?
            (peers, client) = try Self.peerTLS(peerFiles, configuration, logger, observe)
            dialing = PeerDialing(
                tls: client, localAddress: LocalPeerAddress.choose(configuration, logger))
        } catch {
            // Without an https URL the files are only for dialing, which etcd prepares later.
            let listens = configuration.listenPeerURLs.urls.contains { $0.scheme == .https }
            logger.error(
                listens ? "creating peer listener failed" : "bootstrap failed",
                ["error": .error(error)])
            throw error
        }
        clientFiles = try Self.files(.client, configuration, logger)
        try Self.checkClientURLs(configuration, clientFiles, logger)
        try Self.checkMetricsURLs(configuration, clientFiles)
        clients = try Self.clientTLS(clientFiles, configuration, observe)
    }

    private static func checkSuites(_ configuration: ServerConfiguration) throws {
        do throws(TLSConfigurationError) {
            try CipherSuites.check(configuration.cipherSuites.values)
        } catch {
            throw BootstrapError(error.description)
        }
    }

    /// The configured files, or those of a certificate that is made now.
    private static func files(
        _ side: TransportSide, _ configuration: ServerConfiguration, _ logger: ServerLogger
    ) throws -> TransportSecurity {
        let given = side.security(of: configuration)
        guard given.autoTLS else { return given }
        guard given.certificateFile.isEmpty, given.keyFile.isEmpty else {
            logger.warn("ignoring \(side.rawValue) auto TLS since certs given")
            return given
        }
        return try AutomaticCertificate(side, configuration).prepare(logger: logger)
    }

    private static func peerTLS(
        _ files: TransportSecurity, _ configuration: ServerConfiguration, _ logger: ServerLogger,
        _ observe: @escaping @Sendable (TLSEvent) -> Void
    ) throws -> (TLSServer?, TLSClient?) {
        if files.hasCertificate {
            logger.info("starting with peer TLS", files.logFields(configuration.cipherSuites))
        }
        let urls = configuration.listenPeerURLs.urls
        try checkPeerAddresses(urls)
        for url in urls where url.scheme == .http {
            if files.hasCertificate {
                logger.warn(
                    "scheme is HTTP while key and cert files are present; ignoring key and cert "
                        + "files", ["peer-url": .string(url.text)])
            }
            if files.clientCertificateAuth {
                logger.warn(
                    "scheme is HTTP while --peer-client-cert-auth is enabled; ignoring client cert "
                        + "auth for this URL", ["peer-url": .string(url.text)])
            }
        }
        var endpoint = TLSEndpointConfiguration(files, configuration, side: .peer)
        do throws(TLSConfigurationError) {
            var server: TLSServer?
            if let url = urls.first(where: { $0.scheme == .https }) {
                guard files.hasCertificate else {
                    throw TLSConfigurationError(
                        "cannot listen on TLS for \(url.authority): "
                            + "KeyFile and CertFile are not presented")
                }
                server = try TLSServer(endpoint, applicationProtocols: [], observe: observe)
            }
            guard server != nil || files.isGiven || configuration.dialsEncryptedMembers else {
                return (nil, nil)
            }
            // As in etcd, a member with http URLs only may have both lists.
            if server == nil, !endpoint.allowedCommonNames.isEmpty {
                endpoint.allowedHostnames = []
            }
            let client = try TLSClient(endpoint, applicationProtocols: [], observe: observe)
            return (server, client)
        } catch {
            throw BootstrapError(error.description)
        }
    }

    /// Members, unlike clients, are not served with and without TLS on one port.
    private static func checkPeerAddresses(_ urls: [EndpointURL]) throws {
        var addresses: Set<ListeningAddress> = []
        for url in urls where !url.scheme.isUnixSocket && url.port != 0 {
            guard addresses.insert(url.listeningAddress).inserted else {
                throw BootstrapError(
                    "listen tcp \(url.authority): bind: address already in use")
            }
        }
    }

    private static func clientTLS(
        _ files: TransportSecurity, _ configuration: ServerConfiguration,
        _ observe: @escaping @Sendable (TLSEvent) -> Void
    ) throws -> TLSServer? {
        let isUsed =
            (configuration.listenClientURLs.urls + configuration.listenClientHTTPURLs.urls
            + configuration.listenMetricsURLs.urls).contains(where: \.scheme.isSecure)
        guard isUsed else { return nil }
        do throws(TLSConfigurationError) {
            let endpoint = TLSEndpointConfiguration(files, configuration, side: .client)
            let servesHTTP =
                configuration.listenClientHTTPURLs.isEmpty
                ? configuration.listenClientURLs : configuration.listenClientHTTPURLs
            if servesHTTP.urls.contains(where: \.scheme.isSecure) {
                try CipherSuites.checkHTTP2(configuration.cipherSuites.values)
            }
            return try TLSServer(endpoint, applicationProtocols: ["h2"], observe: observe)
        } catch {
            throw BootstrapError(error.description)
        }
    }
}

extension ServerSecurity {
    private static func checkClientURLs(
        _ configuration: ServerConfiguration, _ files: TransportSecurity, _ logger: ServerLogger
    ) throws {
        for url in configuration.listenClientURLs.urls + configuration.listenClientHTTPURLs.urls {
            guard !url.scheme.isSecure else {
                guard files.hasCertificate else {
                    throw BootstrapError(
                        "TLS key/cert (--cert-file, --key-file) must be provided for client url "
                            + "\(url.text) with HTTPS scheme")
                }
                continue
            }
            if files.hasCertificate {
                logger.warn(
                    "scheme is http or unix while key and cert files are present; ignoring key and "
                        + "cert files", ["client-url": .string(url.text)])
            }
            if files.clientCertificateAuth {
                logger.warn(
                    "scheme is http or unix while --client-cert-auth is enabled; ignoring client "
                        + "cert auth for this URL", ["client-url": .string(url.text)])
            }
        }
        let addresses = Set(configuration.listenClientURLs.urls.map(\.listeningAddress))
        for url in configuration.listenClientHTTPURLs.urls
        where addresses.contains(url.listeningAddress) {
            throw BootstrapError(
                "cannot bind both --listen-client-urls and --listen-client-http-urls on the same "
                    + "url \(url.text)")
        }
    }

    private static func checkMetricsURLs(
        _ configuration: ServerConfiguration, _ files: TransportSecurity
    ) throws {
        let isSecure = configuration.listenMetricsURLs.urls.contains(where: \.scheme.isSecure)
        guard !isSecure || files.hasCertificate else {
            throw BootstrapError(
                "client TLS key/cert (--cert-file, --key-file) must be provided for metrics "
                    + "secure url")
        }
    }
}

extension ServerConfiguration {
    /// Whether this member or another of the initial cluster has an https URL.
    fileprivate var dialsEncryptedMembers: Bool {
        initialAdvertisePeerURLs.urls.contains { $0.scheme == .https }
            || initialCluster.contains("https://") || !discovery.dnsDomain.isEmpty
    }
}
