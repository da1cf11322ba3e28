import NIOCore

/// Closes a connection without progress, like etcd's deadlines on every read and write. It is
/// placed directly above the socket, below TLS.
///
/// The read timeout applies only while input is expected (`expectsInput`). The write timeout
/// applies while bytes are buffered in the channel: any flushed bytes are progress.
final class ConnectionTimeoutHandler: ChannelDuplexHandler {
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
    private var acceptedBytes = 0
    private var flushedBytes = 0

    /// Whether the read timeout applies.
    var expectsInput = true {
        didSet { lastRead = .now() }
    }

    /// - Parameters: nil disables a timeout.
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
            let (handler, context) = bound.value
            handler.tick(context)
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
        acceptedBytes &+= unwrapOutboundIn(data).readableBytes
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
        let flushed = acceptedBytes &- waiting
        if waiting == 0 || flushed != flushedBytes {
            flushedBytes = flushed
            lastWritten = now
        }
        if let limit = writeMilliseconds, now - lastWritten >= .milliseconds(limit) {
            timeOut(context, .writeTimeout)
        } else if let limit = readMilliseconds, expectsInput, now - lastRead >= .milliseconds(limit)
        {
            timeOut(context, .readTimeout)
        }
    }

    private func timeOut(_ context: ChannelHandlerContext, _ error: PeerConnectionError) {
        stop()
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }
}
