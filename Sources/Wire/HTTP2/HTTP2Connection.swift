internal import CNGHTTP2
package import NIOCore

/// What the layer above learns about a connection. Called on its event loop.
package protocol HTTP2ConnectionDelegate: AnyObject {
    /// Server: the peer opens a stream; set its `delegate` here.
    func connection(_ connection: HTTP2Connection, opened stream: HTTP2Stream)
    /// The connection is over; all its streams have been closed before.
    func connectionClosed(_ connection: HTTP2Connection)
    /// The peer opens or allows no more streams.
    func connectionGoingAway(_ connection: HTTP2Connection)
}

/// Which side of a connection this is.
package enum HTTP2Role: Sendable {
    case server
    case client
}

/// One HTTP/2 connection: the nghttp2 session and the channel it speaks through.
///
/// Bytes read go through the session, whose callbacks call the streams' delegates at once. What
/// they submit stays in the session until the read turn (or the batch) is over, then leaves as one
/// buffer in one flush. Everything happens on the channel's event loop.
///
/// Guarantees: the session is never re-entered and never freed while it runs (`isRunning`); each
/// opened stream is closed exactly once; output held here is bounded by `outputChunkBytes` and the
/// channel's own watermark, input by the flow-control windows.
package final class HTTP2Connection: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = Never
    package typealias OutboundOut = ByteBuffer

    package let role: HTTP2Role
    package let configuration: HTTP2Configuration
    package let loop: HTTP2Loop
    /// The channel, from the moment the handler is in its pipeline until it is closed.
    package private(set) var channel: (any Channel)?
    /// The receiver of the connection's events.
    package var delegate: (any HTTP2ConnectionDelegate)?

    var session: OpaquePointer?
    var context: ChannelHandlerContext?
    var streams: [HTTP2Stream] = []
    /// The stream whose header block is being received; nil once it is closed. Only for the
    /// session's callbacks.
    var headersStream: Unmanaged<HTTP2Stream>?
    var writableStreams: [HTTP2Stream] = []
    var stoppingStreams: [Int32] = []
    var pendingBytes = 0
    /// Header bytes of the open streams, beyond those that are free for each.
    var largeHeaderBytes = 0
    var headerBlocks: HeaderBlockPassage
    var isDirty = false
    var isRunning = false
    var isReading = false
    var isOutputBlocked = false
    var hasPendingRead = false
    var closesAfterRun = false
    var closesAfterFlush = false
    var flushesAgain = false
    var isClosed = false
    var isDraining = false
    var isGoingAway = false
    var owesGoAwayNotice = false
    var keepalive = KeepaliveState()
    /// Where the keepalive check stands in the loop's timers.
    package var timerPosition: TimerWheelPosition?
    package var timerDeadlineMilliseconds: Int64 = 0

    package init(role: HTTP2Role, configuration: HTTP2Configuration, loop: HTTP2Loop) {
        self.role = role
        self.configuration = configuration
        self.loop = loop
        headerBlocks = HeaderBlockPassage(
            maximumBytes: configuration.maxHeaderListBytes,
            maximumFrames: configuration.maxHeaderFrames)
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
        // The peer's half-close ends the connection: nothing more can be asked or acknowledged.
        if case ChannelEvent.inputClosed = event { close() }
        context.fireUserInboundEventTriggered(event)
    }

    private func start() {
        guard session == nil, !isClosed else { return }
        session = makeSession()
        guard session != nil else { return close() }
        keepalive.lastReadMilliseconds = loop.nowMilliseconds
        scheduleKeepalive()
        submitInitialSettings()
        loop.markDirty(self)
    }
}

extension HTTP2Connection {
    /// Streams open now.
    package var streamCount: Int { streams.count }

    /// Whether another stream may be opened (client).
    package var isUsable: Bool {
        guard let session, !isClosed, !isGoingAway else { return false }
        return nghttp2_session_check_request_allowed(session) != 0
    }

    /// Closes the channel and all streams, without farewell.
    package func close() {
        guard !isClosed else { return }
        guard !isRunning else {
            closesAfterRun = true
            return
        }
        guard let context else { return tearDown() }
        context.close(promise: nil)
    }

    /// Ends the session: every stream is closed as lost, then the delegate is told.
    func tearDown() {
        guard !isClosed else { return }
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
        channel = nil
        delegate?.connectionClosed(self)
        delegate = nil
    }

    /// Runs `body`, during which the session must not be entered again or freed.
    func run(_ body: (OpaquePointer) -> Void) {
        guard let session, !isRunning, !isClosed else { return }
        isRunning = true
        body(session)
        isRunning = false
        if closesAfterRun {
            closesAfterRun = false
            if channel?.isActive == true { close() } else { tearDown() }
        }
    }
}
