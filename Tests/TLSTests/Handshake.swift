import ConnectionIdentity
import NIOCore
import NIOPosix
import NIOTLS

@testable import TLS

/// How one handshake over a socket ended on each side.
struct HandshakeResult {
    var server: Result<CertificateIdentity?, TLSRefusal>
    /// The error is Go's text. The application protocol on success.
    var client: Result<String?, TLSHandshakeError>
    var isResumed = false
}

/// A listener that does handshakes and, after each that is good, sends a line.
final class TestListener: Sendable {
    static let greeting = "hello\n"

    let channel: any Channel
    private let results: AsyncStream<Result<CertificateIdentity?, TLSRefusal>>
    private let continuation: AsyncStream<Result<CertificateIdentity?, TLSRefusal>>.Continuation

    init(_ server: TLSServer) async throws {
        let (results, continuation) = AsyncStream.makeStream(
            of: Result<CertificateIdentity?, TLSRefusal>.self)
        self.results = results
        self.continuation = continuation
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                server.connection(on: channel.eventLoop).flatMapThrowing { connection in
                    let pipeline = channel.pipeline.syncOperations
                    let probe = ServerProbe(connection) { continuation.yield($0) }
                    try pipeline.addHandler(FirstBytes(probe))
                    try pipeline.addHandler(connection.handler)
                    try pipeline.addHandler(probe)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    /// The result of the next connection that has ended its handshake.
    func next() async -> Result<CertificateIdentity?, TLSRefusal> {
        for await result in results { return result }
        return .failure(TLSRefusal("the listener is closed"))
    }

    func close() async {
        try? await channel.close()
        continuation.finish()
    }
}

/// Keeps what a client sends first.
private final class FirstBytes: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let probe: ServerProbe

    init(_ probe: ServerProbe) {
        self.probe = probe
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if probe.first.readableBytes < 16_384 {
            var bytes = unwrapInboundIn(data)
            probe.first.writeBuffer(&bytes)
        }
        context.fireChannelRead(data)
    }
}

private final class ServerProbe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    var first = ByteBuffer()
    private let connection: TLSServerConnection
    private var report: ((Result<CertificateIdentity?, TLSRefusal>) -> Void)?

    init(
        _ connection: TLSServerConnection,
        report: @escaping (Result<CertificateIdentity?, TLSRefusal>) -> Void
    ) {
        self.connection = connection
        self.report = report
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted = event as? TLSUserEvent else { return }
        let result = connection.finish(context.channel)
        end(result)
        if case .success = result {
            let greeting = context.channel.allocator.buffer(string: TestListener.greeting)
            context.writeAndFlush(wrapOutboundOut(greeting), promise: nil)
        } else {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let arrival = first.withUnsafeReadableBytes { ClientHelloArrival.of($0) }
        let hello: ClientHello? = if case .complete(let whole) = arrival { whole } else { nil }
        end(
            .failure(
                connection.refusal(
                    error, hello: hello, receivedBytes: first.readableBytes > 0,
                    channel: context.channel)))
        context.close(promise: nil)
    }

    private func end(_ result: Result<CertificateIdentity?, TLSRefusal>) {
        report?(result)
        report = nil
    }
}

/// Waits for the line of the listener.
private final class ClientProbe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: TLSClientConnection
    private var promise: EventLoopPromise<String?>?
    private var applicationProtocol: String?

    init(_ connection: TLSClientConnection, _ promise: EventLoopPromise<String?>) {
        self.connection = connection
        self.promise = promise
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let name) = event as? TLSUserEvent {
            applicationProtocol = name
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        promise?.succeed(applicationProtocol)
        promise = nil
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(connection.text(of: error, channel: context.channel))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("EOF")
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        fail("EOF")
    }

    private func fail(_ text: String) {
        promise?.fail(TLSHandshakeError(text))
        promise = nil
    }
}

/// Connects once, and waits until the server has sent its line or the connection has failed.
func connect(
    _ client: TLSClient, port: Int, host: String
) async -> Result<String?, TLSHandshakeError> {
    let loop = MultiThreadedEventLoopGroup.singleton.any()
    let promise = loop.makePromise(of: String?.self)
    do {
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                client.connection(to: host, on: channel.eventLoop).flatMapThrowing { connection in
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(connection.handler)
                    try pipeline.addHandler(ClientProbe(connection, promise))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let name = try await promise.futureResult.get()
        try? await channel.closeFuture.get()
        return .success(name)
    } catch {
        promise.fail(error)
        return .failure(error as? TLSHandshakeError ?? TLSHandshakeError("\(error)"))
    }
}

/// One handshake between the two.
func handshake(
    _ server: TLSServer, _ client: TLSClient, host: String = "localhost"
) async throws -> HandshakeResult {
    let listener = try await TestListener(server)
    let client = await connect(client, port: listener.port, host: host)
    let result = HandshakeResult(server: await listener.next(), client: client)
    await listener.close()
    return result
}

extension HandshakeResult {
    /// The text of the log of the server; nil for a good handshake.
    var refusal: String? {
        if case .failure(let refusal) = server { return refusal.text }
        return nil
    }

    /// The text that the client shows; nil for a good handshake.
    var clientError: String? {
        if case .failure(let error) = client { return error.description }
        return nil
    }

    var certificate: CertificateIdentity? {
        switch server {
        case .success(let certificate): certificate
        case .failure(let refusal): refusal.certificate
        }
    }
}
