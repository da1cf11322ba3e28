import NIOCore

/// Cuts a connection of which nothing moves for too long, as etcd's deadlines on every read and
/// write do. It stands between the socket, or TLS, and HTTP.
///
/// Reading is watched only while something is expected (`expectsInput`). Writing is watched
/// while bytes wait in the channel: any of them going out is progress.
final class ConnectionWatch: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let readMilliseconds: Int64?
    private let writeMilliseconds: Int64?
    private var ticks: RepeatedTask?
    private var hasRead = false
    private var lastRead = NIODeadline.now()
    private var lastWritten = NIODeadline.now()
    private var givenBytes = 0
    private var goneBytes = 0

    /// Whether silence counts.
    var expectsInput = true {
        didSet { lastRead = .now() }
    }

    /// - Parameters: nil for a direction that is not watched.
    init(readMilliseconds: Int64?, writeMilliseconds: Int64?) {
        self.readMilliseconds = readMilliseconds
        self.writeMilliseconds = writeMilliseconds
    }

    func handlerAdded(context: ChannelHandlerContext) {
        lastRead = .now()
        let shortest = min(readMilliseconds ?? .max, writeMilliseconds ?? .max)
        guard shortest < .max else { return }
        let interval = TimeAmount.milliseconds(max(shortest / 5, 1))
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        ticks = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
            _ in
            let (watch, context) = bound.value
            watch.tick(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    private func stop() {
        ticks?.cancel()
        ticks = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasRead = true
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        givenBytes &+= unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }

    private func tick(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        if hasRead {
            hasRead = false
            lastRead = now
        }
        let waiting =
            (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        let gone = givenBytes &- waiting
        if waiting == 0 || gone != goneBytes {
            goneBytes = gone
            lastWritten = now
        }
        if let limit = writeMilliseconds, now - lastWritten >= .milliseconds(limit) {
            cut(context, .writeTimeout)
        } else if let limit = readMilliseconds, expectsInput, now - lastRead >= .milliseconds(limit)
        {
            cut(context, .readTimeout)
        }
    }

    private func cut(_ context: ChannelHandlerContext, _ error: PeerConnectionError) {
        stop()
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }
}
