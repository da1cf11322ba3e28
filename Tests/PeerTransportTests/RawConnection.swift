import NIOCore
import NIOPosix
import Synchronization

/// A TCP connection that writes arbitrary bytes and collects the received ones.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let collected = CollectedBytes()

    /// Connects and writes at once, without a delay in between.
    init(port: Int, group: any EventLoopGroup, sending text: String) async throws {
        let collected = collected
        channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        CollectingHandler(collected, ByteBuffer(string: text)))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    /// The received text without Date headers.
    var text: String {
        String(decoding: collected.content.withLock { $0.bytes }, as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("Date: ") }.joined(separator: "\n")
    }

    var bytes: [UInt8] { collected.content.withLock { $0.bytes } }

    var isEnded: Bool { collected.content.withLock { $0.isEnded } }

    func stopReading() async throws {
        try await channel.setOption(.autoRead, value: false).get()
    }

    func close() async { try? await channel.close().get() }
}

private final class CollectedBytes: Sendable {
    struct Content: Sendable {
        var bytes: [UInt8] = []
        var isEnded = false
    }
    let content = Mutex(Content())
}

private final class CollectingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let collected: CollectedBytes
    private let greeting: ByteBuffer

    init(_ collected: CollectedBytes, _ greeting: ByteBuffer) {
        self.collected = collected
        self.greeting = greeting
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(greeting), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        collected.content.withLock { $0.bytes += buffer.readableBytesView }
    }
    func channelInactive(context: ChannelHandlerContext) {
        collected.content.withLock { $0.isEnded = true }
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// A server that responds to the first bytes on a connection with a fixed response, then stops
/// responding.
final class CannedServer: Sendable {
    private let listener: any Channel
    let port: Int
    /// IP addresses of the callers.
    let callers: Callers

    final class Callers: Sendable {
        let addresses = Mutex<[String]>([])
    }

    init(response: String, group: any EventLoopGroup) async throws {
        let callers = Callers()
        self.callers = callers
        listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let caller = channel.remoteAddress?.ipAddress ?? ""
                    callers.addresses.withLock { $0.append(caller) }
                    try channel.pipeline.syncOperations.addHandler(CannedHandler(response))
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
    private var response: String?

    init(_ response: String) { self.response = response }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let response = response.take() else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: response)), promise: nil)
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
