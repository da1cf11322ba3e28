import ConnectionIdentity
import GRPC
import HTTP2
import HTTPServices
import NIOCore
import NIOPosix
import Prometheus

/// An HTTP service that listens with HTTP/2 on a free local port.
final class HTTP2Fixture: Sendable {
    /// What the port serves.
    enum Port {
        /// gRPC, and the paths of a client listener.
        case shared
        /// The paths of a listener without gRPC.
        case http(HTTPListener)
    }

    let source = FixedHealthSource()
    private let channel: any Channel

    var port: Int { channel.localAddress?.port ?? 0 }

    init(
        _ kind: Port = .shared, identity: ConnectionIdentity = .plaintext,
        methods: [GRPCMethod] = [],
        _ change: (inout HTTPServiceConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = HTTPServiceConfiguration()
        change(&configuration)
        let group = MultiThreadedEventLoopGroup.singleton
        let echo = GRPCMethod(path: "/t.T/U", unary: { call, message in call.respond(message) })
        let server = GRPCServer(
            methods: [echo] + methods, configuration: GRPCServerConfiguration(), group: group)
        let service = HTTPService(
            source: source, registry: MetricRegistry(), configuration: configuration,
            gateway: JSONGateway(server: server))
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    switch kind {
                    case .shared:
                        try server.addHandlers(
                            to: child, identity: identity,
                            requests: service.requestHandler(listener: .client, identity: identity))
                    case .http(let listener):
                        try service.configureHTTP2(
                            channel: child, listener: listener, identity: identity,
                            loop: server.loop(for: child.eventLoop))
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    deinit { channel.close(promise: nil) }

    func connect() async throws -> HTTP2Client { try await HTTP2Client(self) }

    func get(_ path: String) async throws -> HTTP2Client.Response {
        try await connect().get(path)
    }
}
