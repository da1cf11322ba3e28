import NIOCore
import NIOPosix
import Synchronization

/// A TCP connection that writes any bytes and keeps what comes back.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let sink = ByteSink()

    /// Connects and writes at once: no delay of a test's comes between.
    init(port: Int, group: any EventLoopGroup, sending text: String) async throws {
        let sink = sink
        channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        SinkHandler(sink, ByteBuffer(string: text)))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    /// What has come, dates left out.
    var text: String {
        String(decoding: sink.content.withLock { $0.bytes }, as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("Date: ") }.joined(separator: "\n")
    }

    var bytes: [UInt8] { sink.content.withLock { $0.bytes } }

    var isEnded: Bool { sink.content.withLock { $0.isEnded } }

    func stopReading() async throws {
        try await channel.setOption(.autoRead, value: false).get()
    }

    func close() async { try? await channel.close().get() }
}

private final class ByteSink: Sendable {
    struct Content: Sendable {
        var bytes: [UInt8] = []
        var isEnded = false
    }
    let content = Mutex(Content())
}

private final class SinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let sink: ByteSink
    private let greeting: ByteBuffer

    init(_ sink: ByteSink, _ greeting: ByteBuffer) {
        self.sink = sink
        self.greeting = greeting
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(greeting), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        sink.content.withLock { $0.bytes += buffer.readableBytesView }
    }
    func channelInactive(context: ChannelHandlerContext) {
        sink.content.withLock { $0.isEnded = true }
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// A server that answers whatever comes first on a connection with the same bytes, then is silent.
final class CannedServer: Sendable {
    private let listener: any Channel
    let port: Int

    init(answer: String, group: any EventLoopGroup) async throws {
        listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(CannedHandler(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    func stop() async { try? await listener.close().get() }
}

private final class CannedHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private var answer: String?

    init(_ answer: String) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let answer = answer.take() else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
