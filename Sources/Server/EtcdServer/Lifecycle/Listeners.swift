import GRPC
import Gateway
import Disk
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// The sockets of a member, opened together and closed together.
///
/// Peers and scrapers are served at once. Clients are accepted when the member has joined its
/// cluster: until then their connections wait in the system's queue, so that a client with several
/// endpoints uses a member that can answer it.
struct Listeners: Sendable {
    private let server: Server
    private let channels = OpenChannels()

    /// Time that clients have to finish their calls before connections are closed.
    private static let drainSeconds: Int64 = 1

    /// What is served on a socket.
    private enum Kind: String {
        case client, http, calls, metrics, peer

        var isForClients: Bool {
            switch self {
            case .client, .http, .calls: true
            case .metrics, .peer: false
            }
        }
    }

    init(_ server: Server) { self.server = server }

    /// Binds every URL. The first that cannot be bound ends the start.
    func open() async throws {
        let configuration = server.configuration
        let separateHTTP = configuration.listenClientHTTPURLs.urls
        for url in configuration.listenPeerURLs.urls { try await bind(url, .peer) }
        for url in configuration.listenClientURLs.urls {
            try await bind(url, separateHTTP.isEmpty ? .client : .calls)
        }
        for url in separateHTTP { try await bind(url, .http) }
        for url in configuration.listenMetricsURLs.urls { try await bind(url, .metrics) }
        tell()
    }

    /// Whether clients are served.
    var servesClients: Bool { channels.servesClients }

    /// Accepts clients, those that wait first.
    func serveClients() async {
        await channels.acceptClients()
        let configuration = server.configuration
        let isSplit = !configuration.listenClientHTTPURLs.urls.isEmpty
        tellClients(configuration.listenClientURLs.urls, traffic: isSplit ? "grpc" : "grpc+http")
        tellClients(configuration.listenClientHTTPURLs.urls, traffic: "http")
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

    /// A socket left by a former run is removed; one that somebody serves would be taken over, as
    /// etcd does.
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
        let gateway = server.gateway
        switch kind {
        case .client:
            try server.calls.addSniffingHandlers(to: channel) { channel in
                try gateway.configure(channel: channel, listener: .client, isEncrypted: false)
            }
        case .calls: try server.calls.addHandlers(to: channel)
        case .http: try gateway.configure(channel: channel, listener: .client, isEncrypted: false)
        case .metrics:
            try gateway.configure(channel: channel, listener: .metrics, isEncrypted: false)
        case .peer:
            let endpoints = server.peerEndpoints
            try server.transport.configure(channel: channel, isEncrypted: false) {
                endpoints.respond(to: $0, on: $1)
            }
        }
    }

    private static func network(_ url: EndpointURL) -> String {
        url.scheme.isUnixSocket ? "unix" : "tcp"
    }

    private func tell() {
        let configuration = server.configuration
        for url in configuration.listenPeerURLs.urls {
            server.logger.info("serving peer traffic", ["address": .string(url.place)])
        }
        for url in configuration.listenMetricsURLs.urls {
            server.logger.info("serving metrics", ["address": .string(url.text)])
        }
    }

    private func tellClients(_ urls: [EndpointURL], traffic: String) {
        for url in urls {
            server.logger.info(
                "serving client traffic insecurely; this is strongly discouraged!",
                ["traffic": .string(traffic), "address": .string(url.place)])
        }
    }

    /// Tells clients to go, gives their calls a moment, then closes everything.
    func close() async {
        await channels.closeAll()
        let loop = server.group.any()
        let drained = server.calls.drain(on: loop)
        let limit = loop.scheduleTask(in: .seconds(Self.drainSeconds)) {
            _ = server.calls.close(on: loop)
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
        // One that was closed meanwhile has nobody to accept.
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
    /// Where it listens: a socket's path, or host and port.
    fileprivate var place: String { scheme.isUnixSocket ? socketPath : authority }
}
