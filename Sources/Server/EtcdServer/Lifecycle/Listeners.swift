import Configuration
import Bootstrap
import ConnectionIdentity
import Disk
import GRPC
import Glibc
import HTTP2
import HTTPServices
import NIOCore
import NIOPosix
import Synchronization

/// The listening sockets of a member, opened together and closed together.
///
/// Peer and metrics listeners serve at once. Client connections are accepted when the member has
/// joined its cluster: until then they wait in the listen backlog, so that a client with several
/// endpoints uses a member that can respond.
struct Listeners: Sendable {
    private let server: Server
    private let channels = OpenChannels()

    /// How long clients may take to finish their calls before connections are closed.
    private static let drainSeconds: Int64 = 1

    /// What a listener serves.
    private enum Kind: String {
        case client, http, grpc, metrics, peer

        var isForClients: Bool {
            switch self {
            case .client, .http, .grpc: true
            case .metrics, .peer: false
            }
        }
    }

    init(_ server: Server) { self.server = server }

    /// Binds every URL; throws at the first that cannot be bound.
    func open() async throws {
        let configuration = server.configuration
        let separateHTTP = configuration.listenClientHTTPURLs.urls
        for url in configuration.listenPeerURLs.urls { try await bind(url, .peer) }
        for url in configuration.listenClientURLs.urls {
            try await bind(url, separateHTTP.isEmpty ? .client : .grpc)
        }
        for url in separateHTTP { try await bind(url, .http) }
        for url in configuration.listenMetricsURLs.urls { try await bind(url, .metrics) }
        logListeners()
    }

    /// Whether clients are served.
    var servesClients: Bool { channels.servesClients }

    /// Starts to accept clients, beginning with the backlog.
    func serveClients() async {
        await channels.acceptClients()
        let configuration = server.configuration
        let isSplit = !configuration.listenClientHTTPURLs.urls.isEmpty
        logClientListeners(
            configuration.listenClientURLs.urls, traffic: isSplit ? "grpc" : "grpc+http")
        logClientListeners(configuration.listenClientHTTPURLs.urls, traffic: "http")
    }

    private func bind(_ url: EndpointURL, _ kind: Kind) async throws {
        let server = self.server
        let bootstrap = ServerBootstrap(group: group(of: kind))
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.autoRead, value: !kind.isForClients)
            .serverChannelOption(
                .socketOption(.so_reuseaddr), value: url.scheme.isUnixSocket ? 0 : 1
            )
            .childChannelOption(
                .socketOption(.so_keepalive), value: url.scheme.isUnixSocket ? 0 : 1
            )
            .childChannelOption(
                .tcpOption(.tcp_nodelay), value: 1
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.serve(channel, kind, server)
                }
            }
        do {
            let channel =
                url.scheme.isUnixSocket
                ? try await bindSocket(url, kind)
                : try await reusing(bootstrap).bind(host: url.host, port: Int(url.port)).get()
            channels.add(channel, isForClients: kind.isForClients)
        } catch {
            let reason = (error as? IOError).map { systemErrorText($0.errnoCode) } ?? "\(error)"
            throw BootstrapError(
                "listen \(Self.network(url)) \(url.authority): bind: \(reason)")
        }
    }

    private func group(of kind: Kind) -> MultiThreadedEventLoopGroup {
        kind == .peer ? server.peerGroup : server.group
    }

    private func reusing(_ bootstrap: ServerBootstrap) -> ServerBootstrap {
        guard server.configuration.socketReusePort else { return bootstrap }
        return bootstrap.serverChannelOption(
            ChannelOptions.socket(SocketOptionLevel(SOL_SOCKET), SO_REUSEPORT), value: 1)
    }

    /// Removes the socket file of a former run. As in etcd, a socket that another process serves is
    /// replaced too.
    private func bindSocket(
        _ url: EndpointURL, _ kind: Kind
    ) async throws -> any Channel {
        unlink(url.socketPath)
        return try await ServerBootstrap(group: group(of: kind))
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.autoRead, value: !kind.isForClients)
            .childChannelInitializer { [server] channel in
                channel.eventLoop.makeCompletedFuture { try Self.serve(channel, kind, server) }
            }
            .bind(unixDomainSocketPath: url.socketPath).get()
    }

    private static func serve(_ channel: any Channel, _ kind: Kind, _ server: Server) throws {
        let httpService = server.httpService
        let identity = ConnectionIdentity.plaintext
        switch kind {
        case .client:
            let sniffer = ProtocolSniffer(
                http2: { channel in
                    try server.grpcServer.addHandlers(
                        to: channel, identity: identity,
                        requests: httpService.requestHandler(listener: .client, identity: identity))
                },
                http1: { channel in
                    try httpService.configure(
                        channel: channel, listener: .client, identity: identity)
                })
            try channel.pipeline.syncOperations.addHandler(sniffer)
        case .grpc: try server.grpcServer.addHandlers(to: channel, identity: identity)
        case .http: try serveHTTP(channel, .client, server)
        case .metrics: try serveHTTP(channel, .metrics, server)
        case .peer:
            let endpoints = server.peerEndpoints
            try server.transport.configure(channel: channel, isEncrypted: false) {
                endpoints.respond(to: $0, on: $1)
            }
        }
    }

    private static func serveHTTP(
        _ channel: any Channel, _ listener: HTTPListener, _ server: Server
    ) throws {
        let httpService = server.httpService
        let sniffer = ProtocolSniffer(
            http2: { channel in
                try httpService.configureHTTP2(
                    channel: channel, listener: listener, identity: .plaintext,
                    loop: server.grpcServer.loop(for: channel.eventLoop))
            },
            http1: { channel in
                try httpService.configure(
                    channel: channel, listener: listener, identity: .plaintext)
            })
        try channel.pipeline.syncOperations.addHandler(sniffer)
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
                "serving client traffic insecurely; this is strongly discouraged!",
                ["traffic": .string(traffic), "address": .string(url.address)])
        }
    }

    /// Closes the listeners, sends GOAWAY to clients, and closes everything after a grace period.
    func close() async {
        await channels.closeAll()
        let loop = server.group.any()
        let drained = server.grpcServer.drain(on: loop)
        let limit = loop.scheduleTask(in: .seconds(Self.drainSeconds)) {
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
        // Fails only for a channel that was closed meanwhile.
        for channel in waiting { try? await channel.setOption(.autoRead, value: true).get() }
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
}
