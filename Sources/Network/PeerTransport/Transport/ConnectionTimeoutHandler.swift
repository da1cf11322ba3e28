import MonotonicClock
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

    private let readTimeout: TimeSpan?
    private let writeTimeout: TimeSpan?
    private var ticks: RepeatedTask?
    private var hasRead = false
    private var lastRead = MonotonicTime(.now())
    private var lastWritten = MonotonicTime(.now())
    private var acceptedBytes = 0
    private var flushedBytes = 0

    /// Whether the read timeout applies.
    var expectsInput = true {
        didSet { lastRead = MonotonicTime(.now()) }
    }

    /// - Parameters: nil disables a timeout.
    init(readTimeout: TimeSpan?, writeTimeout: TimeSpan?) {
        self.readTimeout = readTimeout
        self.writeTimeout = writeTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        lastRead = MonotonicTime(.now())
        let shortest = min(readTimeout ?? .max, writeTimeout ?? .max)
        guard shortest < .max else { return }
        let interval = TimeAmount(max(shortest / 5, .milliseconds(1)))
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
        let now = MonotonicTime(.now())
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
        if let writeTimeout, now - lastWritten >= writeTimeout {
            timeOut(context, .writeTimeout)
        } else if let readTimeout, expectsInput, now - lastRead >= readTimeout {
            timeOut(context, .readTimeout)
        }
    }

    private func timeOut(_ context: ChannelHandlerContext, _ error: PeerConnectionError) {
        stop()
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }
}
