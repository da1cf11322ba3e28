import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Receives the response to one request. Called on the connection's event loop; no calls after
/// `ended` or `failed`.
protocol ResponseReceiver: AnyObject {
    func receive(_ head: HTTPResponseHead)
    func receive(_ body: ByteBuffer)
    /// All bytes of one socket read have been delivered.
    func readCompleted()
    /// The response is complete.
    func ended()
    func failed(_ error: PeerConnectionError)
    /// The connection accepts more of the request's body.
    func becameWritable()
}

extension ResponseReceiver {
    func readCompleted() {}
    func becameWritable() {}
}

/// One HTTP/1.1 connection to another member: one exchange at a time.
///
/// - idle: connected, may be used for an exchange.
/// - exchanging: a request is being written, or its response is pending or being read.
/// - closed: unusable.
final class OutgoingConnection: ChannelInboundHandler, @unchecked Sendable {
    // Owned by its channel's event loop.
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        case idle
        case exchanging(any ResponseReceiver)
        case closed
    }

    let url: PeerURL
    private var state = State.idle
    private var context: ChannelHandlerContext?
    private var isRequestComplete = false
    private var staysOpen = true
    /// When the last exchange ended.
    private(set) var idleSince = NIODeadline.now()
    /// Called once when an idle connection is closed.
    var onIdleEnd: (() -> Void)?

    init(url: PeerURL) { self.url = url }

    var isUsable: Bool {
        if case .idle = state { return context?.channel.isActive ?? false }
        return false
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Begins a request. `isComplete` if no body follows.
    func begin(_ head: HTTPRequestHead, isComplete: Bool, receiver: any ResponseReceiver) {
        guard case .idle = state, let context else {
            return receiver.failed(.closed)
        }
        state = .exchanging(receiver)
        isRequestComplete = false
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if isComplete {
            endRequest()
        }
    }

    /// Writes a chunk of the request's body.
    func write(_ body: ByteBuffer) {
        guard case .exchanging = state, let context else { return }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }

    func endRequest() {
        guard case .exchanging = state, let context else { return }
        isRequestComplete = true
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Closes the connection; an exchange in progress fails with the error.
    func close(_ error: PeerConnectionError) {
        fail(error)
        context?.close(promise: nil)
    }

    private func fail(_ error: PeerConnectionError) {
        let before = state
        state = .closed
        switch before {
        case .exchanging(let receiver): receiver.failed(error)
        case .idle:
            onIdleEnd?()
            onIdleEnd = nil
        case .closed: break
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .exchanging(let receiver) = state else {
            // Bytes without a request.
            return close(.malformedResponse("unsolicited"))
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            staysOpen = head.isKeepAlive
            receiver.receive(head)
        case .body(let body): receiver.receive(body)
        case .end:
            let reusable = staysOpen && isRequestComplete
            state = reusable ? .idle : .closed
            idleSince = .now()
            receiver.ended()
            if !reusable { context.close(promise: nil) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .exchanging(let receiver) = state { receiver.readCompleted() }
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .exchanging(let receiver) = state, context.channel.isWritable {
            receiver.becameWritable()
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.closed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as PeerConnectionError: close(error)
        case let error as HTTPParserError: close(.malformedResponse("\(error)"))
        default: close(.unreachable("\(error)"))
        }
    }
}

extension OutgoingConnection {
    /// Times after which an inactive connection is closed; nil for never.
    struct Timeouts: Sendable {
        var readMilliseconds: Int64?
        var writeMilliseconds: Int64?
    }

    /// TCP keep-alive interval in seconds.
    private static let keepAliveSeconds = 30

    private static func keepAlive(_ name: CInt) -> ChannelOptions.Types.SocketOption {
        ChannelOptions.socket(SocketOptionLevel(IPPROTO_TCP), SocketOptionName(name))
    }

    /// Bytes of a request's body that are buffered in a connection.
    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(
        low: 256 << 10, high: 1 << 20)

    /// Connects on the event loop, which then owns the connection.
    static func connect(
        to url: PeerURL, on loop: any EventLoop, dialMilliseconds: Int64, timeouts: Timeouts,
        encrypt: (@Sendable (any Channel, String) throws -> Void)?
    ) -> EventLoopFuture<OutgoingConnection> {
        if url.isEncrypted, encrypt == nil {
            return loop.makeFailedFuture(PeerConnectionError.encryptionMissing(url.text))
        }
        let connection = OutgoingConnection(url: url)
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(dialMilliseconds))
            .channelOption(.writeBufferWaterMark, value: waterMark)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if url.isEncrypted { try encrypt?(channel, url.host) }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(
                        ConnectionTimeoutHandler(
                            readMilliseconds: timeouts.readMilliseconds,
                            writeMilliseconds: timeouts.writeMilliseconds))
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(connection)
                }
            }
        let channel: EventLoopFuture<any Channel>
        if url.isSocketFile {
            channel = bootstrap.connect(unixDomainSocketPath: url.socketPath)
        } else {
            bootstrap =
                bootstrap
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(keepAlive(TCP_KEEPIDLE), value: keepAliveSeconds)
                .channelOption(keepAlive(TCP_KEEPINTVL), value: keepAliveSeconds)
            channel = bootstrap.connect(host: url.host, port: url.port)
        }
        return channel.map { _ in connection }.flatMapErrorThrowing { error in
            throw (error as? PeerConnectionError) ?? .unreachable("\(error)")
        }
    }
}
