internal import CNGHTTP2
internal import MonotonicClock

/// Keepalive state of a connection: last read, outstanding ping, and the peer's strikes.
struct KeepaliveState {
    var lastReadAt = MonotonicTime.zero
    var pingSentAt: MonotonicTime?
    private var lastPeerPingAt: MonotonicTime?
    private var strikes = 0
    private var forgivesNextPing = false

    /// Called when headers or data are sent: as in grpc-go, the next ping is no strike.
    mutating func resetStrikes() {
        forgivesNextPing = true
    }

    /// Checks a ping of the peer; false when there were too many strikes.
    mutating func acceptsPing(
        now: MonotonicTime, hasStreams: Bool, _ rules: HTTP2KeepaliveConfiguration
    ) -> Bool {
        guard let minimum = rules.peerPingIntervalMin else { return true }
        defer { lastPeerPingAt = now }
        if forgivesNextPing {
            forgivesNextPing = false
            strikes = 0
            return true
        }
        let isIdle = !hasStreams && !rules.permitsPingsWithoutStreams
        let interval = isIdle ? rules.idlePeerPingIntervalMin : minimum
        if let last = lastPeerPingAt, last + interval > now { strikes += 1 }
        return strikes <= rules.pingStrikesMax
    }
}

extension HTTP2Connection: TimerWheelEntry {
    /// Schedules the next keepalive check, if keepalive is enabled.
    func scheduleKeepalive() {
        guard let interval = configuration.keepalive.pingInterval else { return }
        if let sent = keepalive.pingSentAt {
            timerDeadline = sent + configuration.keepalive.pingTimeout
        } else {
            // Later than now if no ping was sent, since there is no stream.
            let due = keepalive.lastReadAt + interval
            timerDeadline = due > loop.now ? due : loop.now + interval
        }
        loop.insertConnectionTimer(self)
    }

    package func timerFired() {
        guard let session, !isClosed,
            let interval = configuration.keepalive.pingInterval
        else { return }
        let now = loop.now
        if let sent = keepalive.pingSentAt {
            guard keepalive.lastReadAt >= sent else { return close() }
            keepalive.pingSentAt = nil
        }
        let mayPing = configuration.keepalive.pingsIdlePeer || !streams.isEmpty
        if mayPing, keepalive.lastReadAt + interval <= now {
            keepalive.pingSentAt = now
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
            now: loop.now, hasStreams: !streams.isEmpty,
            configuration.keepalive)
        guard !isAccepted else { return }
        let reason = Array("too_many_pings".utf8)
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue),
            nghttp2_session_get_last_proc_stream_id(session),
            HTTP2ErrorCode.enhanceYourCalm.rawValue, reason, reason.count)
        isClosing = true
        requestFlush()
    }
}

extension HTTP2Connection {
    /// Sends GOAWAY, lets the open streams end, then closes.
    package func drain() {
        loop.eventLoop.preconditionInEventLoop()
        guard !isDraining, !isClosed else { return }
        isDraining = true
        guard session != nil else { return close() }
        // Streams in flight are still served: the final GOAWAY follows after a round trip.
        isGoAwayNoticePending = role == .server
        requestFlush()
    }

    /// The GOAWAY debug data of a stopping grpc-go server.
    private static let goAwayDebugData = Array("graceful_stop".utf8)

    /// Writes a GOAWAY with the maximum stream ID, and a ping whose ACK shows that it has arrived.
    /// Called between two frames. nghttp2's own shutdown notice has no debug data.
    func appendGoAwayNotice(_ session: OpaquePointer) {
        isGoAwayNoticePending = false
        let length = UInt8(8 + Self.goAwayDebugData.count)
        loop.output.writeBytes([0, 0, length, 7, 0, 0, 0, 0, 0])
        loop.output.writeBytes([0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
        loop.output.writeBytes(Self.goAwayDebugData)
        nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }

    private func sendFinalGoAway() {
        guard let session, !isGoingAway else { return }
        isGoingAway = true
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue),
            nghttp2_session_get_last_proc_stream_id(session), HTTP2ErrorCode.noError.rawValue,
            Self.goAwayDebugData, Self.goAwayDebugData.count)
        requestFlush()
    }

    /// Closes a draining connection after its last stream.
    func finishDraining() {
        guard isGoingAway || role == .client else { return }
        close()
    }
}
