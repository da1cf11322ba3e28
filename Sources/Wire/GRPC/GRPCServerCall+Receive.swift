package import HTTP2

/// The way of a call: start, messages, half-close, end.
extension GRPCServerCall: HTTP2StreamDelegate, TimerWheelEntry {
    package var timerDeadlineMilliseconds: Int64 { deadlineMilliseconds ?? .max }

    func start() {
        isStarted = true
        state.counters[methodIndex].started += 1
        if state.configuration.recordsHandlingTime || state.slowCallMilliseconds != .max {
            startedMilliseconds = loop.nowMilliseconds
        }
        if deadlineMilliseconds != nil { loop.insertCallTimer(self) }
        if case .streaming(let open) = method.implementation {
            let opened = open(self)
            state.noteActivity()
            guard !isClosed else { return opened.closed(self, reason: .finished) }
            handler = opened
        }
    }

    package func streamReceivedData(_ bytes: UnsafeRawBufferPointer) {
        var input = bytes
        while isStarted, !isClosed {
            switch reader.next(&input, maxBytes: state.configuration.maxReceiveBytes) {
            case .needsMore: return
            case .message(let message): receive(message)
            case .counted: preconditionFailure("a server keeps what it reads")
            case .failed(let status): return fail(status)
            }
        }
    }

    private func receive(_ message: [UInt8]) {
        state.countReceived(methodIndex, bytes: message.count)
        guard let handler else {
            guard request == nil else {
                return fail(GRPCStatus(.internal, "received more than one request message"))
            }
            keep(message)
            request = message
            return
        }
        handler.receive(message, on: self)
        state.noteActivity()
    }

    package func streamReceivedEnd() {
        guard isStarted, !isClosed else { return }
        guard reader.isBetweenMessages else {
            return fail(GRPCStatus(.internal, "unexpected EOF"))
        }
        state.noteActivity()
        if let handler { return handler.receiveHalfClose(on: self) }
        guard case .unary(let serve) = method.implementation else { return }
        guard let message = request else {
            return fail(GRPCStatus(.internal, "received no request message"))
        }
        request = nil
        serve(self, message)
    }

    package func streamBecameWritable() {
        guard !isClosed else { return }
        handler?.becameWritable(self)
    }

    package func timerFired() {
        guard !isClosed else { return }
        send(.deadlineExceeded, trailers: [])
        close(.deadlineExceeded, code: .deadlineExceeded)
    }

    package func streamClosed(_ code: HTTP2ErrorCode, connectionLost: Bool) {
        stream = nil
        guard !isClosed else { return }
        close(connectionLost ? .connectionLost : .cancelled, code: .canceled)
    }

    /// Ends the call because of what the client sent.
    private func fail(_ status: GRPCStatus) {
        send(status, trailers: [])
        close(.failed, code: status.code)
    }

    /// Reports the end, once. The stream may still have bytes to send.
    func close(_ reason: GRPCCloseReason, code: GRPCStatusCode) {
        isClosed = true
        loop.removeCallTimer(self)
        countEnd(code)
        keptRequest = []
        let handler = handler
        let onClosed = onClosed
        self.handler = nil
        self.onClosed = nil
        request = nil
        handler?.closed(self, reason: reason)
        if reason != .finished { onClosed?(reason) }
    }

    private func countEnd(_ code: GRPCStatusCode) {
        guard isStarted else { return }
        state.counters[methodIndex].handled[code.rawValue] += 1
        tellIfSlow()
        if state.configuration.recordsHandlingTime {
            state.counters[methodIndex].recordHandlingTime(
                milliseconds: loop.nowMilliseconds - startedMilliseconds)
        }
    }

    /// Keeps what the log would tell of the request if the call becomes a slow one: a small one
    /// itself, of a large one only the words, so that its memory is free once it is served.
    private func keep(_ message: [UInt8]) {
        guard state.configuration.slowCallMilliseconds != nil else { return }
        guard message.count > Self.keptRequestBytesMax else { return keptRequest = message }
        guard let describe = state.configuration.describeRequest else { return }
        largeRequest = (describe(method, message, 0), describe(method, message, 1))
    }

    private static let keptRequestBytesMax = 16 << 10

    private var requestDescription: GRPCRequestDescription {
        if let largeRequest {
            return (answerNumber ?? 0) == 0 ? largeRequest.zero : largeRequest.other
        }
        return state.configuration.describeRequest?(method, keptRequest, answerNumber)
            ?? GRPCRequestDescription()
    }

    private func tellIfSlow() {
        guard state.slowCallMilliseconds != .max else { return }
        let milliseconds = loop.nowMilliseconds - startedMilliseconds
        guard milliseconds >= state.slowCallMilliseconds, method.kind == .unary,
            let tell = state.configuration.onSlowCall
        else { return }
        tell(
            GRPCSlowCall(
                path: method.path, remote: peerAddress?.description ?? "",
                milliseconds: milliseconds, responseBytes: responseBytes,
                request: requestDescription))
    }
}
