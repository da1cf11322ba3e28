import ConnectionIdentity
import GRPC
import HTTP2
import Listening
import NIOCore
import NIOPosix

/// A server of the test service on a free port.
struct EchoServer: Sendable {
    let group: MultiThreadedEventLoopGroup
    let server: GRPCServer
    let log: EchoLog
    let listener: any Channel

    var port: Int { listener.localAddress?.port ?? 0 }

    static func start(
        identity: ConnectionIdentity = .plaintext,
        _ change: (inout GRPCServerConfiguration) -> Void = { _ in }
    ) async throws -> EchoServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let log = EchoLog()
        var configuration = GRPCServerConfiguration()
        configuration.metadataNames = ["hasleader", "token", "long"]
        configuration.onReadTickComplete = { log.completeTick($0) }
        change(&configuration)
        let server = GRPCServer(
            methods: echoMethods(log: log), configuration: configuration, group: group)
        let listening = ListenerConfiguration(
            servesPlaintext: true, tls: nil, protocols: [.http1, .http2],
            acceptLimit: AcceptLimit(connectionsMax: 1_000), unfinished: UnfinishedConnections()
        ) { channel, opened, _ in
            switch opened {
            case .http2: try server.addHandlers(to: channel, identity: identity)
            case .http1: try channel.pipeline.syncOperations.addHandler(EmptyHTTP1Handler())
            }
        }
        let listener = try await Listener(configuration: listening, group: group)
            .bind(.tcp(host: "127.0.0.1", port: 0))
        return EchoServer(group: group, server: server, log: log, listener: listener)
    }

    func connect(
        _ change: (inout GRPCClientConfiguration) -> Void = { _ in }
    ) async throws -> GRPCClientConnection {
        var configuration = GRPCClientConfiguration()
        change(&configuration)
        return try await GRPCClientConnection.connect(
            host: "127.0.0.1", port: port, on: MultiThreadedEventLoopGroup.singleton.any(),
            configuration: configuration
        ).get()
    }

    /// Reads the log on the server's event loop.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (EchoLog) -> Value
    ) async throws -> Value {
        let log = log
        return try await listener.eventLoop.submit { body(log) }.get()
    }

    /// Waits until the log satisfies a condition, at most a minute.
    func waitUntil(_ condition: @escaping @Sendable (EchoLog) -> Bool) async throws -> Bool {
        for _ in 0..<6000 {
            if try await read(condition) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    func stop() async throws {
        try await listener.close().get()
        try await server.close(on: group.any()).get()
        try await group.shutdownGracefully()
    }
}

/// Stands for HTTP/1.1: sends an empty response to any input and closes.
final class EmptyHTTP1Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let response = ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        context.writeAndFlush(wrapOutboundOut(response), promise: nil)
        context.close(promise: nil)
    }
}
