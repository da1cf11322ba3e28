package import HTTP2

/// The way of a call: start, messages, half-close, end.
extension GRPCServerCall: HTTP2StreamDelegate, TimerWheelEntry {
    package var timerDeadlineMilliseconds: Int64 { deadlineMilliseconds ?? .max }

    func start() {
        isStarted = true
        if deadlineMilliseconds != nil { loop.insertCallTimer(self) }
        guard case .streaming(let open) = method.implementation else { return }
        kind = method.kind
        countStart()
        let opened = open(self)
        state.noteActivity()
        guard !isClosed else { return opened.closed(self, reason: .finished) }
        handler = opened
    }

    private func countStart() {
        isCounted = true
        state.counters[methodIndex].started += 1
        if state.configuration.recordsHandlingTime || state.slowCallMilliseconds != .max {
            startedMilliseconds = loop.nowMilliseconds
        }
    }

    package func streamReceivedData(_ bytes: UnsafeRawBufferPointer) {
        var input = bytes
        let maxBytes = state.configuration.maxReceiveBytes
        // A unary call reads its one message and nothing behind it.
        while isStarted, !isClosed, !isUnary || !isCounted {
            switch reader.next(&input, maxBytes: maxBytes, takesCompressed: isGzip) {
            case .needsMore: return
            case .message(let message): receive(message)
            case .compressed(let message): receive(compressed: message)
            case .counted: preconditionFailure("a server keeps what it reads")
            case .failed(let status): return fail(status)
            }
        }
    }

    private func receive(compressed message: [UInt8]) {
        do throws(GRPCStatus) {
            receive(try state.inflated(message))
        } catch {
            fail(error)
        }
    }

    private func receive(_ message: [UInt8]) {
        guard !isUnary else { return serve(message) }
        guard kind == .serverStreaming else {
            state.countReceived(methodIndex, bytes: message.count)
            handler?.receive(message, on: self)
            return state.noteActivity()
        }
        guard request == nil else { return fail(.multipleRequests) }
        request = message
    }

    /// Serves a unary call, whose message is all that is read of it.
    private func serve(_ message: [UInt8]) {
        countStart()
        state.countReceived(methodIndex, bytes: message.count)
        keep(message)
        state.noteActivity()
        guard case .unary(let serve) = method.implementation else { return }
        serve(self, message)
    }

    package func streamReceivedEnd() {
        guard isStarted, !isClosed else { return }
        guard !isUnary else {
            guard !isCounted else { return }
            let text = reader.isInsideMessage ? "unexpected EOF" : "EOF"
            return fail(GRPCStatus(.unknown, text))
        }
        guard !reader.isInsideMessage else {
            return fail(GRPCStatus(.internal, "unexpected EOF"))
        }
        state.noteActivity()
        guard kind == .serverStreaming else {
            countEndOfMessages(bytes: 0)
            handler?.receiveHalfClose(on: self)
            return
        }
        guard let message = request else { return fail(.missingRequest) }
        request = nil
        countEndOfMessages(bytes: message.count)
        handler?.receive(message, on: self)
        handler?.receiveHalfClose(on: self)
    }

    /// Each reading counts in grpc-go's metrics: the one that finds the end of a stream of messages,
    /// and the only one of a call that takes one message, whatever it brings.
    private func countEndOfMessages(bytes: Int) {
        guard !hasCountedEnd else { return }
        hasCountedEnd = true
        state.countReceived(methodIndex, bytes: bytes)
    }

    /// Refuses a unary request that is not the message its method takes. Such a call is not
    /// counted, as in grpc-go, which reads the message before it counts.
    package func refuseRequest(_ status: GRPCStatus) {
        if isCounted, isUnary {
            isCounted = false
            state.counters[methodIndex].started -= 1
            state.counters[methodIndex].messagesReceived -= 1
        }
        finish(status)
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
        guard isCounted else { return }
        if isUnary {
            // Counted whether there is an answer or not, as in grpc-go's metrics.
            state.counters[methodIndex].messagesSent += 1
        } else if handler != nil {
            countEndOfMessages(bytes: 0)
        }
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
