internal import NIOCore

/// One side of a proxied connection: what it reads goes to the other side.
///
/// - A side reads only while the other one takes what is written: at most one read and the bytes
///   below the high mark of the other side's write buffer are held.
/// - The end of the input of one side ends the output of the other; its own output goes on.
/// - When a side closes, the other closes too, after what it still has to write.
///
/// The system may deliver the last bytes of a connection together with its end, without a request
/// to read; they are kept until the other side is connected, and are no more than fit the socket's
/// buffer.
///
/// Owned by the event loop of the connection, which both sides share.
final class Relay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var context: ChannelHandlerContext?
    private var other: Relay?
    private var early: [ByteBuffer] = []
    private var hasInputEnded = false
    private var onActive: ((Relay) -> Void)?

    /// - Parameter onActive: called once the connection of this side is open. Before, it cannot be
    ///   read from.
    init(onActive: ((Relay) -> Void)? = nil) {
        self.onActive = onActive
    }

    /// Whether the connection of this side is open.
    var isOpen: Bool { context != nil }

    /// Starts to pass bytes in both directions.
    static func join(_ one: Relay, _ two: Relay) {
        one.other = two
        two.other = one
        one.start()
        two.start()
    }

    func close() { context?.close(promise: nil) }

    private func start() {
        for bytes in early { other?.write(bytes) }
        early = []
        other?.flush()
        if hasInputEnded { other?.endOutput() }
        read()
    }

    /// Reads on if the other side takes it.
    private func read() {
        guard let context, let other, other.isWritable, !hasInputEnded else { return }
        context.read()
    }

    private var isWritable: Bool { context?.channel.isWritable ?? false }

    private func write(_ bytes: ByteBuffer) {
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    private func flush() { context?.flush() }

    /// Ends the output behind what waits to be written. If the input has ended too, this closes the
    /// connection, which would discard what waits.
    private func endOutput() {
        if hasInputEnded { return closeAfterWrites() }
        context?.close(mode: .output, promise: nil)
    }

    private func closeAfterWrites() {
        guard let context else { return }
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
        written.futureResult.assumeIsolated().whenComplete { _ in self.close() }
    }

    // MARK: - Events of the channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        onActive?(self)
        onActive = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if let other { other.write(bytes) } else { early.append(bytes) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        other?.flush()
        read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if isWritable { other?.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed = event as? ChannelEvent else { return }
        hasInputEnded = true
        other?.endOutput()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        early = []
        let last = other
        other = nil
        last?.other = nil
        last?.closeAfterWrites()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
