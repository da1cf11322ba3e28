internal import CNGHTTP2
package import MonotonicClock
package import NIOCore

/// Events of a connection for the layer above. Called on its event loop.
package protocol HTTP2ConnectionDelegate: AnyObject {
    /// Server: the peer opened a stream; set its `delegate` here.
    func connection(_ connection: HTTP2Connection, opened stream: HTTP2Stream)
    /// The connection is closed; all its streams have been closed before.
    func connectionClosed(_ connection: HTTP2Connection)
    /// The peer sent GOAWAY: no more streams may be opened.
    func connectionGoingAway(_ connection: HTTP2Connection)
    /// The peer sent SETTINGS: it speaks HTTP/2, and it runs.
    func connectionReceivedSettings(_ connection: HTTP2Connection)
}

extension HTTP2ConnectionDelegate {
    package func connectionReceivedSettings(_ connection: HTTP2Connection) {}
}

/// The side of a connection.
package enum HTTP2Role: Sendable {
    case server
    case client
}

/// One HTTP/2 connection: an nghttp2 session and its channel.
///
/// Received bytes are passed to the session, whose callbacks call the streams' delegates
/// synchronously. The frames they submit stay in the session until the end of the read (or of the
/// batch) and are then written as one buffer with one flush. Used on the channel's event loop only.
///
/// Invariants: the session is never re-entered and never freed while it runs (`isRunning`); each
/// opened stream is closed exactly once; what a peer makes a server keep is counted in `memory` and
/// bounded by its limits; once `isClosing`, the session receives no more input.
package final class HTTP2Connection: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = Never
    package typealias OutboundOut = ByteBuffer

    package let role: HTTP2Role
    package let configuration: HTTP2Configuration
    package let loop: HTTP2Loop
    /// The channel, from `handlerAdded` until it is closed.
    package private(set) var channel: (any Channel)?
    /// The receiver of the connection's events.
    package var delegate: (any HTTP2ConnectionDelegate)?

    var session: OpaquePointer?
    var context: ChannelHandlerContext?
    var streams: [HTTP2Stream] = []
    /// The stream whose header block is being received; nil once it is closed. Only used by the
    /// session's callbacks.
    var headersStream: Unmanaged<HTTP2Stream>?
    /// Header fields that the peer repeats (server); nil until there is one.
    var repeatedFields: RepeatedFields?
    var writableStreams: [HTTP2Stream] = []
    var stoppingStreams: [Int32] = []
    /// What the peer occupies; without limits on a client.
    var memory = ConnectionMemory()
    /// Streams that may still end by a reset, and control frames that may still be received
    /// (server).
    var resets: FrameAllowance
    var controlFrames: FrameAllowance
    var headerBlocks: HeaderBlockFilter
    var isDirty = false
    var isRunning = false
    var isFlushing = false
    var isReading = false
    var isOutputBlocked = false
    var hasPendingRead = false
    /// Whether the connection ends at the end of the current run of the session.
    private var closesAfterRun = false
    /// Whether the connection ends with the next flush: its input is dropped.
    var isClosing = false
    var flushesAgain = false
    var isClosed = false
    var isDraining = false
    var isGoingAway = false
    var isGoAwayNoticePending = false
    var keepalive = KeepaliveState()
    /// Position of the keepalive timer in the loop's timer wheel.
    package var timerPosition: TimerWheelPosition?
    package var timerDeadline = MonotonicTime.zero

    package init(role: HTTP2Role, configuration: HTTP2Configuration, loop: HTTP2Loop) {
        self.role = role
        self.configuration = configuration
        self.loop = loop
        headerBlocks = HeaderBlockFilter(
            bytesMax: configuration.headerListBytesMax,
            framesMax: configuration.headerFramesMax)
        let now = loop.now
        resets = FrameAllowance(
            burst: Int(clamping: configuration.resetBurst),
            perSecond: Int(clamping: configuration.resetsPerSecond), now: now)
        controlFrames = FrameAllowance(
            burst: configuration.controlFrameBurst,
            perSecond: configuration.controlFramesPerSecond, now: now)
    }

    deinit {
        if let session { nghttp2_session_del(session) }
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        loop.eventLoop.preconditionInEventLoop()
        self.context = context
        self.channel = context.channel
        if isClosed {
            context.close(promise: nil)
        } else if context.channel.isActive {
            start()
        }
    }

    package func channelActive(context: ChannelHandlerContext) {
        start()
        context.fireChannelActive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        tearDown()
        self.context = nil
    }

    package func channelInactive(context: ChannelHandlerContext) {
        tearDown()
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A half-close by the peer ends the connection: it can send no more frames or ACKs.
        if case ChannelEvent.inputClosed = event { close() }
        context.fireUserInboundEventTriggered(event)
    }

    private func start() {
        guard session == nil, !isClosed else { return }
        session = makeSession()
        guard session != nil else { return close() }
        keepalive.lastReadAt = loop.now
        scheduleKeepalive()
        submitInitialSettings()
        loop.markDirty(self)
    }
}

extension HTTP2Connection {
    /// When the last bytes of the peer were read.
    package var lastReadAt: MonotonicTime { keepalive.lastReadAt }

    /// Streams open now.
    package var streamCount: Int { streams.count }

    /// Whether another stream may be opened (client).
    package var isUsable: Bool {
        guard let session, !isClosed, !isGoingAway else { return false }
        return nghttp2_session_check_request_allowed(session) != 0
    }

    /// Closes all streams and the channel, without GOAWAY. Nothing is received or sent afterwards,
    /// also while a handler below (TLS) still waits for its peer.
    package func close() {
        guard !isClosed else { return }
        let context = context
        tearDown()
        if isClosed { context?.close(promise: nil) }
    }

    /// Ends the session: closes every stream as lost, then notifies the delegate.
    func tearDown() {
        guard !isClosed else { return }
        isClosing = true
        guard !isRunning else {
            closesAfterRun = true
            return
        }
        isClosed = true
        loop.removeConnectionTimer(self)
        while let stream = streams.last {
            closeStream(stream, .cancel, connectionLost: true)
        }
        if let session { nghttp2_session_del(session) }
        session = nil
        repeatedFields = nil
        releaseMemory()
        channel = nil
        delegate?.connectionClosed(self)
        delegate = nil
    }

    /// Ends the connection because of its peer: sends GOAWAY with the next flush, then closes.
    func end(_ code: HTTP2ErrorCode) {
        guard let session, !isClosing else { return }
        isClosing = true
        nghttp2_session_terminate_session(session, code.rawValue)
        requestFlush()
    }

    /// Runs `body`, which must neither re-enter nor free the session.
    func run(_ body: (OpaquePointer) -> Void) {
        precondition(!isRunning, "a session is not re-entered")
        guard let session, !isClosed else { return }
        isRunning = true
        body(session)
        isRunning = false
        if closesAfterRun { close() }
    }
}
