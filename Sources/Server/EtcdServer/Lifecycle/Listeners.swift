import Bootstrap
import Configuration
import Disk
import GRPC
import HTTPServices
import InitialMembers
import Listening
import NIOCore
import NIOPosix
import Synchronization
import TLS

/// The listening sockets of a member, opened together and closed together.
///
/// Peer and metrics listeners serve at once. Client connections are accepted when the member has
/// joined its cluster: until then they wait in the listen backlog, so that a client with several
/// endpoints uses a member that can respond.
struct Listeners: Sendable {
    private let server: Server
    private let channels = OpenChannels()
    private let clientLimit: AcceptLimit
    private let metricsLimit: AcceptLimit
    private let peerLimit: AcceptLimit
    private let unfinishedClients = UnfinishedConnections()
    private let unfinishedPeers = UnfinishedConnections(countMax: 256)

    /// How long clients may take to finish their calls before connections are closed.
    private static let drainTime = TimeAmount.seconds(1)

    /// What a listener serves.
    private enum Kind: String {
        case client, http, grpc, metrics, peer

        var isForClients: Bool {
            switch self {
            case .client, .http, .grpc: true
            case .metrics, .peer: false
            }
        }

        var protocols: Set<ConnectionProtocol> {
            switch self {
            case .client, .http, .metrics: [.http1, .http2]
            case .grpc: [.http2]
            case .peer: [.http1]
            }
        }
    }

    init(_ server: Server) {
        self.server = server
        clientLimit = AcceptLimit(connectionsMax: server.limits.clientConnectionsMax)
        metricsLimit = AcceptLimit(connectionsMax: server.limits.metricsConnectionsMax)
        peerLimit = AcceptLimit(connectionsMax: server.limits.peerConnectionsMax)
    }

    /// Binds every URL; throws at the first that cannot be bound.
    func open() async throws {
        let configuration = server.configuration
        let separateHTTP = configuration.listenClientHTTPURLs.urls
        for url in configuration.listenPeerURLs.urls { try await bind([url], .peer) }
        let kind = separateHTTP.isEmpty ? Kind.client : .grpc
        for urls in Self.sharingAddress(configuration.listenClientURLs.urls) {
            try await bind(urls, kind)
        }
        for urls in Self.sharingAddress(separateHTTP) { try await bind(urls, .http) }
        for url in configuration.listenMetricsURLs.urls { try await bind([url], .metrics) }
        logListeners()
    }

    /// Whether clients are served.
    var servesClients: Bool { channels.servesClients }

    /// Starts to accept clients, beginning with the backlog.
    func serveClients() async {
        await channels.acceptClients()
        let configuration = server.configuration
        let files = server.security.clientFiles
        if files.hasCertificate {
            server.logger.info(
                "starting with client TLS", files.logFields(configuration.cipherSuites))
        }
        let isSplit = !configuration.listenClientHTTPURLs.urls.isEmpty
        logClientListeners(
            configuration.listenClientURLs.urls, traffic: isSplit ? "grpc" : "grpc+http")
        logClientListeners(configuration.listenClientHTTPURLs.urls, traffic: "http")
    }

    /// URLs with and without TLS may have one address: the first bytes of a connection decide.
    private static func sharingAddress(_ urls: [EndpointURL]) -> [[EndpointURL]] {
        var groups: [[EndpointURL]] = []
        for url in urls {
            let address = url.listeningAddress
            if let index = groups.firstIndex(where: { $0[0].listeningAddress == address }) {
                groups[index].append(url)
            } else {
                groups.append([url])
            }
        }
        return groups
    }

    /// Binds the address that the URLs share.
    private func bind(_ urls: [EndpointURL], _ kind: Kind) async throws {
        guard let url = urls.first else { return }
        let configuration = listenerConfiguration(urls, kind)
        do {
            guard kind != .peer else {
                return try await listenForPeers(url.listeningAddress, configuration)
            }
            var listener = Listener(configuration: configuration, group: server.group)
            listener.acceptsAtOnce = !kind.isForClients
            listener.sharesPort = server.configuration.socketReusePort
            channels.add(
                try await listener.bind(url.listeningAddress), isForClients: kind.isForClients)
        } catch {
            let reason = (error as? IOError).map { systemErrorText($0.errnoCode) } ?? "\(error)"
            throw BootstrapError("listen \(Self.network(url)) \(url.authority): bind: \(reason)")
        }
    }

    /// Peer connections are accepted on one event loop after another (`PeerLoops`).
    private func listenForPeers(
        _ address: ListeningAddress, _ configuration: ListenerConfiguration
    ) async throws {
        let loops = server.peerLoops
        let socket = try ListeningSocket(
            address, sharesPort: server.configuration.socketReusePort)
        var configuration = configuration
        configuration.onAccept = { loops.accepted($0) }
        // In etcd the read timeout of peer connections applies to their handshakes as well.
        configuration.setupTimeout = TimeAmount(server.transport.configuration.readTimeout)
        let accepting = configuration
        try await loops.listen { loop in
            Listener(configuration: accepting, group: loop)
                .accept(from: socket)
        }
    }

    private func listenerConfiguration(
        _ urls: [EndpointURL], _ kind: Kind
    ) -> ListenerConfiguration {
        let security = server.security
        let side = kind == .peer ? TransportSide.peer : .client
        // As in etcd, the unix sockets of members and of metrics have no TLS.
        let isEncrypted = urls.contains { url in
            url.scheme == .https || (url.scheme == .unixs && kind.isForClients)
        }
        var configuration = ListenerConfiguration(
            servesPlaintext: urls.contains { $0.scheme != .https && $0.scheme != .unixs }
                || !isEncrypted,
            tls: isEncrypted ? (kind == .peer ? security.peers : security.clients) : nil,
            protocols: kind.protocols, acceptLimit: acceptLimit(of: kind),
            unfinished: kind == .peer ? unfinishedPeers : unfinishedClients,
            open: opener(of: kind))
        configuration.closesEncryptedSilently = kind != .peer
        let logger = server.logger
        configuration.onRefusal = { logger.log($0, endpoint: side) }
        if kind == .peer, !server.configuration.peerSecurity.skipClientSANVerification {
            configuration.checkCertificate = { certificate, channel in
                PeerAddressCheck.check(
                    certificate, remoteAddress: channel.remoteAddress?.ipAddress ?? "",
                    on: channel.eventLoop)
            }
        }
        return configuration
    }

    private func acceptLimit(of kind: Kind) -> AcceptLimit {
        switch kind {
        case .client, .http, .grpc: clientLimit
        case .metrics: metricsLimit
        case .peer: peerLimit
        }
    }

    /// Adds the handlers of a protocol to the channel of an accepted connection.
    private func opener(of kind: Kind) -> ListenerConfiguration.Open {
        let server = self.server
        switch kind {
        case .client:
            return { channel, opened, identity in
                let service = server.httpService
                switch opened {
                case .http1:
                    try service.configure(channel: channel, listener: .client, identity: identity)
                case .http2:
                    try server.grpcServer.addHandlers(
                        to: channel, identity: identity,
                        requests: service.requestHandler(listener: .client, identity: identity))
                }
            }
        case .grpc:
            return { channel, _, identity in
                try server.grpcServer.addHandlers(to: channel, identity: identity)
            }
        case .http, .metrics:
            let listener = kind == .http ? HTTPListener.client : .metrics
            return { channel, opened, identity in
                let service = server.httpService
                switch opened {
                case .http1:
                    try service.configure(channel: channel, listener: listener, identity: identity)
                case .http2:
                    try service.configureHTTP2(
                        channel: channel, listener: listener, identity: identity,
                        loop: server.grpcServer.loop(for: channel.eventLoop))
                }
            }
        case .peer:
            let endpoints = server.peerEndpoints
            return { channel, _, identity in
                try server.transport.configure(channel: channel, identity: identity) {
                    endpoints.respond(to: $0, on: $1)
                }
            }
        }
    }

    private static func network(_ url: EndpointURL) -> String {
        url.scheme.isUnixSocket ? "unix" : "tcp"
    }

    private func logListeners() {
        let configuration = server.configuration
        for url in configuration.listenPeerURLs.urls {
            server.logger.info("serving peer traffic", ["address": .string(url.address)])
        }
        for url in configuration.listenMetricsURLs.urls {
            server.logger.info("serving metrics", ["address": .string(url.text)])
        }
    }

    private func logClientListeners(_ urls: [EndpointURL], traffic: String) {
        for url in urls {
            server.logger.info(
                url.scheme.isSecure
                    ? "serving client traffic securely"
                    : "serving client traffic insecurely; this is strongly discouraged!",
                ["traffic": .string(traffic), "address": .string(url.address)])
        }
    }

    /// Closes the listeners, sends GOAWAY to clients, and closes everything after a grace period.
    func close() async {
        await server.peerLoops.stopListening()
        await channels.closeAll()
        let loop = server.group.any()
        let drained = server.grpcServer.drain(on: loop)
        let limit = loop.scheduleTask(in: Self.drainTime) {
            _ = server.grpcServer.close(on: loop)
        }
        try? await drained.get()
        limit.cancel()
    }
}

/// Listening channels, for closing them.
private final class OpenChannels: Sendable {
    private struct State {
        var channels: [any Channel] = []
        var clientChannels: [any Channel] = []
        var servesClients = false
    }

    private let state = Mutex(State())

    var servesClients: Bool { state.withLock { $0.servesClients } }

    func add(_ channel: any Channel, isForClients: Bool) {
        state.withLock { state in
            state.channels.append(channel)
            if isForClients { state.clientChannels.append(channel) }
        }
    }

    func acceptClients() async {
        let waiting = state.withLock { state in
            state.servesClients = true
            return state.clientChannels
        }
        for channel in waiting { await Listener.resume(channel) }
    }

    func closeAll() async {
        let open = state.withLock { state in
            defer { state.channels = [] }
            return state.channels
        }
        for channel in open { try? await channel.close().get() }
    }
}

extension EndpointURL {
    /// The address it listens on: a socket's path, or host and port.
    fileprivate var address: String { scheme.isUnixSocket ? socketPath : authority }

    var listeningAddress: ListeningAddress {
        scheme.isUnixSocket
            ? .unixSocket(path: socketPath) : .tcp(host: host, port: Int(port))
    }
}
