internal import CNGHTTP2

/// Liveness of one connection: when the peer was heard, our open ping, and its strikes.
struct KeepaliveState {
    var lastReadMilliseconds: Int64 = 0
    var pingSentMilliseconds: Int64?
    private var lastPeerPingMilliseconds: Int64?
    private var strikes = 0
    private var forgivesNextPing = false

    /// Called when headers or data leave: grpc-go forgives the ping that follows them.
    mutating func resetStrikes() {
        forgivesNextPing = true
    }

    /// Judges a ping of the peer; false when it was one too many.
    mutating func acceptsPing(
        nowMilliseconds now: Int64, hasStreams: Bool, _ rules: HTTP2KeepaliveConfiguration
    ) -> Bool {
        guard let minimum = rules.minimumPeerIntervalMilliseconds else { return true }
        defer { lastPeerPingMilliseconds = now }
        if forgivesNextPing {
            forgivesNextPing = false
            strikes = 0
            return true
        }
        let isIdle = !hasStreams && !rules.permitsPingsWithoutStreams
        let interval = isIdle ? rules.idlePeerIntervalMilliseconds : minimum
        if let last = lastPeerPingMilliseconds, last + interval > now { strikes += 1 }
        return strikes <= rules.maxPingStrikes
    }
}

extension HTTP2Connection: TimerWheelEntry {
    /// Sets the next look at the connection's liveness, if it is watched.
    func scheduleKeepalive() {
        guard let interval = configuration.keepalive.pingIntervalMilliseconds else { return }
        if let sent = keepalive.pingSentMilliseconds {
            timerDeadlineMilliseconds = sent + configuration.keepalive.pingTimeoutMilliseconds
        } else {
            timerDeadlineMilliseconds = keepalive.lastReadMilliseconds + interval
        }
        loop.insertConnectionTimer(self)
    }

    package func timerFired() {
        guard let session, !isClosed,
            let interval = configuration.keepalive.pingIntervalMilliseconds
        else { return }
        let now = loop.nowMilliseconds
        if let sent = keepalive.pingSentMilliseconds {
            guard keepalive.lastReadMilliseconds >= sent else { return close() }
            keepalive.pingSentMilliseconds = nil
        }
        if keepalive.lastReadMilliseconds + interval <= now {
            keepalive.pingSentMilliseconds = now
            nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
            loop.markDirty(self)
        }
        scheduleKeepalive()
    }

    func receivePing(isAcknowledgement: Bool) {
        guard let session else { return }
        if isAcknowledgement {
            if isDraining { sendFinalGoAway() }
            return
        }
        let isAccepted = keepalive.acceptsPing(
            nowMilliseconds: loop.nowMilliseconds, hasStreams: !streams.isEmpty,
            configuration.keepalive)
        guard !isAccepted else { return }
        let reason = Array("too_many_pings".utf8)
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue),
            nghttp2_session_get_last_proc_stream_id(session),
            HTTP2ErrorCode.enhanceYourCalm.rawValue, reason, reason.count)
        closesAfterFlush = true
        wantsFlush()
    }
}

extension HTTP2Connection {
    /// Tells the peer to open no more streams, lets the open ones end, then closes.
    package func drain() {
        loop.eventLoop.preconditionInEventLoop()
        guard !isDraining, !isClosed else { return }
        isDraining = true
        guard session != nil else { return close() }
        // Streams already on their way are still served: the last id is named after a round trip.
        owesGoAwayNotice = role == .server
        wantsFlush()
    }

    /// What grpc-go's servers say when they stop.
    private static let farewell = Array("graceful_stop".utf8)

    /// Writes a GOAWAY that names no last stream, and a ping whose answer tells that it has
    /// arrived. Called between two frames. nghttp2's own shutdown notice carries no text.
    func appendGoAwayNotice(_ session: OpaquePointer) {
        owesGoAwayNotice = false
        let length = UInt8(8 + Self.farewell.count)
        loop.output.writeBytes([0, 0, length, 7, 0, 0, 0, 0, 0])
        loop.output.writeBytes([0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
        loop.output.writeBytes(Self.farewell)
        nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }

    private func sendFinalGoAway() {
        guard let session, !isGoingAway else { return }
        isGoingAway = true
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue),
            nghttp2_session_get_last_proc_stream_id(session), HTTP2ErrorCode.noError.rawValue,
            Self.farewell, Self.farewell.count)
        wantsFlush()
    }

    /// Closes once the last stream of a draining connection is gone.
    func finishDraining() {
        guard isGoingAway || role == .client else { return }
        close()
    }
}
