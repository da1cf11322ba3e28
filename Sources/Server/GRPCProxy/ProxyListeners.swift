import ConnectionIdentity
import Disk
import GRPC
import HTTPServices
import Listening
import NIOCore
import ServerLogging
import Synchronization
import TLS

/// What the connections of a listener are served by, once the services exist: the sockets are bound
/// before, and accept only then.
final class ServedConnections: Sendable {
    private let serve = Mutex<ListenerConfiguration.Open?>(nil)

    func set(_ open: @escaping ListenerConfiguration.Open) { serve.withLock { $0 = open } }

    func open(
        _ channel: any Channel, _ opened: ConnectionProtocol, _ identity: ConnectionIdentity
    ) throws {
        try serve.withLock { $0 }?(channel, opened, identity)
    }
}

/// The listening sockets of a proxy.
struct ProxyListeners: Sendable {
    private let group: any EventLoopGroup
    private let clientLimit: AcceptLimit
    private let metricsLimit = AcceptLimit(connectionsMax: 64)
    private let logger: ServerLogger

    init(group: any EventLoopGroup, connectionsMax: Int, logger: ServerLogger) {
        self.group = group
        self.logger = logger
        clientLimit = AcceptLimit(connectionsMax: connectionsMax)
    }

    /// Binds an address; connections wait in its backlog until `serve`.
    ///
    /// - Throws: `ProxyStartError` with Go's text.
    func bind(
        _ url: ListenURL, tls: TLSServer?, isForClients: Bool
    ) async throws -> (any Channel, ServedConnections) {
        let served = ServedConnections()
        var configuration = ListenerConfiguration(
            servesPlaintext: tls == nil, tls: tls, protocols: [.http1, .http2],
            acceptLimit: isForClients ? clientLimit : metricsLimit,
            unfinished: UnfinishedConnections()
        ) { try served.open($0, $1, $2) }
        let logger = logger
        configuration.onRefusal = { refused in
            logger.debug(
                "rejected connection",
                [
                    "remote-addr": .string(refused.remoteAddress),
                    "error": .string(refused.refusal.text),
                ])
        }
        var listener = Listener(configuration: configuration, group: group)
        listener.acceptsAtOnce = false
        do {
            return (try await listener.bind(url.listeningAddress), served)
        } catch {
            let reason = (error as? IOError).map { systemErrorText($0.errnoCode) } ?? "\(error)"
            throw ProxyStartError("listen tcp \(url.text): bind: \(reason)")
        }
    }

    /// Serves the connections of a socket from now on.
    func serve(
        _ bound: (any Channel, ServedConnections), _ service: HTTPService, _ server: GRPCServer,
        isForClients: Bool
    ) async {
        let (channel, served) = bound
        served.set { channel, opened, identity in
            switch opened {
            case .http1:
                try service.configure(channel: channel, listener: .metrics, identity: identity)
            case .http2 where isForClients:
                try server.addHandlers(
                    to: channel, identity: identity,
                    requests: service.requestHandler(listener: .metrics, identity: identity))
            case .http2:
                try service.configureHTTP2(
                    channel: channel, listener: .metrics, identity: identity,
                    loop: server.loop(for: channel.eventLoop))
            }
        }
        await Listener.resume(channel)
    }
}
