import Glibc
import MonotonicClock
import NIOCore
import NIOHTTP1
import NIOPosix
import TLS

extension OutgoingConnection {
    /// Times after which an inactive connection is closed; nil for never.
    struct Timeouts: Sendable {
        var read: TimeSpan?
        var write: TimeSpan?
    }

    /// How long opening a connection may take.
    struct DialLimits: Sendable {
        var connect: TimeSpan
        /// For connecting and the handshake together; nil without a limit.
        var deadline: NIODeadline?
    }

    /// The limit of the handshake alone; as in Go.
    private static let handshakeTime = TimeAmount.seconds(10)
    /// TCP keep-alive interval in seconds.
    private static let keepAliveSeconds = 30
    /// Bytes of a request's body that are buffered in a connection.
    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(
        low: 256 << 10, high: 1 << 20)

    private static func keepAlive(_ name: CInt) -> ChannelOptions.Types.SocketOption {
        ChannelOptions.socket(SocketOptionLevel(IPPROTO_TCP), SocketOptionName(name))
    }

    /// Connects on the event loop, which then owns the connection. With TLS the connection is ready
    /// when the handshake is complete, so that no request is lost in a handshake that fails.
    ///
    /// - Returns: a future that fails with a `PeerConnectionError`.
    static func connect(
        to url: PeerURL, on loop: any EventLoop, limits: DialLimits, timeouts: Timeouts,
        dialing: PeerDialing
    ) -> EventLoopFuture<OutgoingConnection> {
        let localAddress = dialing.localAddress
        guard url.isEncrypted else {
            return connect(to: url, on: loop, limits, timeouts, nil, localAddress)
        }
        guard let client = dialing.tls else {
            return loop.makeFailedFuture(PeerConnectionError.encryptionMissing(url.text))
        }
        return client.connection(to: url.host, on: loop)
            .flatMapErrorThrowing { throw PeerConnectionError.unreachable("\($0)") }
            .flatMap { connect(to: url, on: loop, limits, timeouts, $0, localAddress) }
    }

    private static func connect(
        to url: PeerURL, on loop: any EventLoop, _ limits: DialLimits, _ timeouts: Timeouts,
        _ tls: TLSClientConnection?, _ localAddress: SocketAddress?
    ) -> EventLoopFuture<OutgoingConnection> {
        let connection = OutgoingConnection(url: url, tls: tls)
        let ready = loop.makePromise(of: Void.self)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(limits.connect))
            .channelOption(.writeBufferWaterMark, value: waterMark)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try tls?.add(to: channel)
                        .flatMapErrorThrowing { throw NetworkErrorText.handshakeFailure($0) }
                        .cascade(to: ready)
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(connection)
                }
            }
        return channel(bootstrap, url, localAddress)
            .flatMapErrorThrowing { throw NetworkErrorText.dialFailure($0, to: url) }
            .flatMapError { error in
                ready.fail(error)
                return loop.makeFailedFuture(error)
            }
            .flatMap { channel in
                if tls == nil { ready.succeed() } else { limit(ready, channel, limits) }
                return ready.futureResult.flatMapThrowing {
                    // Below TLS, where the bytes of the socket are counted.
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectionTimeoutHandler(
                            readTimeout: timeouts.read, writeTimeout: timeouts.write),
                        position: .first)
                    return connection
                }
            }
    }

    private static func channel(
        _ bootstrap: ClientBootstrap, _ url: PeerURL, _ localAddress: SocketAddress?
    ) -> EventLoopFuture<any Channel> {
        if url.isSocketFile { return bootstrap.connect(unixDomainSocketPath: url.socketPath) }
        return (localAddress.map { bootstrap.bind(to: $0) } ?? bootstrap)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(keepAlive(TCP_KEEPIDLE), value: keepAliveSeconds)
            .channelOption(keepAlive(TCP_KEEPINTVL), value: keepAliveSeconds)
            .connect(host: url.host, port: url.port)
    }

    /// Ends the handshake when it takes too long.
    private static func limit(
        _ ready: EventLoopPromise<Void>, _ channel: any Channel, _ limits: DialLimits
    ) {
        let end = NIODeadline.now() + handshakeTime
        let isOfCaller = limits.deadline.map { $0 < end } ?? false
        let timer = channel.eventLoop.scheduleTask(
            deadline: isOfCaller ? limits.deadline ?? end : end
        ) {
            ready.fail(
                isOfCaller ? PeerConnectionError.deadlineExceeded : .handshakeTimeout)
            channel.close(promise: nil)
        }
        ready.futureResult.whenComplete { _ in timer.cancel() }
    }
}
