internal import ConnectionIdentity
package import HTTP2
package import MonotonicClock
internal import StatusCodes

/// The lifecycle of a call: start, messages, half-close, end.
extension GRPCServerCall: HTTP2StreamDelegate, TimerWheelEntry {
    package var timerDeadline: MonotonicTime { deadline ?? .distantFuture }

    func start() {
        isStarted = true
        if deadline != nil { loop.insertCallTimer(self) }
        if let observe = state.configuration.observeCall { observer = observe(self) }
        guard case .streaming(let open) = method.implementation else { return }
        kind = method.kind
        countStart(state)
        let opened = open(self)
        state.scheduleReadTickCompletion()
        guard !isClosed else { return opened.closed(self, reason: .finished) }
        handler = opened
    }

    private func countStart(_ state: GRPCServerLoop) {
        isCounted = true
        state.counters[methodIndex].started += 1
        if state.configuration.recordsHandlingTime || state.slowCallTime != .max {
            startedAt = loop.now
        }
    }

    package func streamReceivedData(_ bytes: UnsafeRawBufferPointer) {
        guard isStarted, !isClosed else { return }
        var input = bytes
        if held == nil { decode(&input) }
        guard !isClosed else { return }
        if !input.isEmpty, holdsMessages || held != nil { hold(input) }
        countInput()
    }

    /// Delivers the messages of `input` and advances it past them, until the call ends or holds
    /// messages back.
    func decode(_ input: inout UnsafeRawBufferPointer) {
        let bytesMax = state.configuration.receiveBytesMax
        // A unary call reads its one message and nothing after it.
        while !isClosed, !isUnary || !isCounted, !holdsMessages {
            switch reader.next(&input, bytesMax: bytesMax, allowsCompressed: isGzip) {
            case .needsMore: return
            case .message(let message): receive(message)
            case .compressed(let message): receive(compressed: message)
            case .counted: preconditionFailure("a server reads messages, not lengths")
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
            return state.scheduleReadTickCompletion()
        }
        guard request == nil else { return fail(.multipleRequests) }
        request = message
    }

    /// Serves a unary call once its message is read.
    private func serve(_ message: [UInt8]) {
        let state = state
        countStart(state)
        state.countReceived(methodIndex, bytes: message.count)
        // Not checked: its bytes were kept before.
        _ = stream?.keepInput(bytes: message.count > Self.uncountedRequestBytes ? message.count : 0)
        keepForLog(message, state)
        state.scheduleReadTickCompletion()
        guard case .unary(let serve) = state.table.methods[methodIndex].implementation else {
            return
        }
        serve(self, message)
    }

    package func streamReceivedEnd() {
        guard isStarted, !isClosed else { return }
        if let held { return held.hasEnd = true }
        guard !isUnary else {
            guard !isCounted else { return }
            let text = reader.isInsideMessage ? "unexpected EOF" : "EOF"
            return fail(GRPCStatus(.unknown, text))
        }
        guard !reader.isInsideMessage else {
            return fail(GRPCStatus(.internal, "unexpected EOF"))
        }
        state.scheduleReadTickCompletion()
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

    /// grpc-go's metrics count each receive: also the one that finds the end of a stream of
    /// messages, and the only one of a call with one request message, whatever its result.
    private func countEndOfMessages(bytes: Int) {
        guard !hasCountedEnd else { return }
        hasCountedEnd = true
        state.countReceived(methodIndex, bytes: bytes)
    }

    /// Refuses a unary request that cannot be decoded. Such a call is not counted, as in grpc-go,
    /// which decodes the message before it counts.
    package func refuseRequest(_ status: GRPCStatus) {
        if isCounted, isUnary {
            isCounted = false
            state.counters[methodIndex].started -= 1
            state.counters[methodIndex].messagesReceived -= 1
        }
        finish(status)
    }

    package func streamBecameWritable() {
        deliverHeld()
        if isWritable { handler?.becameWritable(self) }
    }

    package func timerFired() {
        guard !isClosed else { return }
        send(.deadlineExceeded, trailers: [])
        close(.deadlineExceeded, .deadlineExceeded)
    }

    package func streamClosed(_ code: HTTP2ErrorCode, connectionLost: Bool) {
        stream = nil
        guard !isClosed else { return }
        close(connectionLost ? .connectionLost : .cancelled, .canceled)
    }

    /// Ends the call because of an invalid request.
    func fail(_ status: GRPCStatus) {
        send(status, trailers: [])
        close(.failed, status)
    }

    /// Reports the end, once. The stream may still have unsent bytes.
    func close(_ reason: GRPCCloseReason, _ status: GRPCStatus) {
        isClosed = true
        loop.removeCallTimer(self)
        countEnd(status.code)
        keptRequest = []
        let handler = handler
        let onClosed = onClosed
        self.handler = nil
        self.onClosed = nil
        onSend = nil
        request = nil
        held = nil
        _ = stream?.keepInput(bytes: 0)
        handler?.closed(self, reason: reason)
        if let ended = observer {
            observer = nil
            ended.callEnded(self, status)
        }
        if reason != .finished { onClosed?(reason) }
    }

    private func countEnd(_ code: StatusCode) {
        guard isCounted else { return }
        let state = state
        if isUnary {
            // Counted with or without a response, as in grpc-go's metrics.
            state.counters[methodIndex].messagesSent += 1
        } else if handler != nil {
            countEndOfMessages(bytes: 0)
        }
        state.counters[methodIndex].handled[code.rawValue] += 1
        reportIfSlow(state)
        if state.configuration.recordsHandlingTime {
            state.counters[methodIndex].recordHandlingTime(loop.now - startedAt)
        }
    }

    /// Keeps the request for the log in case the call becomes slow: a small request itself, of a
    /// large one only the descriptions, so that its memory is released once it is served.
    private func keepForLog(_ message: [UInt8], _ state: GRPCServerLoop) {
        guard state.configuration.slowCallTime != nil else { return }
        guard message.count > Self.keptRequestBytesMax else { return keptRequest = message }
        guard let describe = state.configuration.describeRequest else { return }
        largeRequest = (describe(method, message, 0), describe(method, message, 1))
    }

    private static let keptRequestBytesMax = 16 << 10
    /// Size of requests that count with their stream.
    private static let uncountedRequestBytes = 1 << 10

    private var requestDescription: GRPCRequestDescription {
        if let largeRequest {
            return (responseLogValue ?? 0) == 0 ? largeRequest.zero : largeRequest.other
        }
        return state.configuration.describeRequest?(method, keptRequest, responseLogValue)
            ?? GRPCRequestDescription()
    }

    private func reportIfSlow(_ state: GRPCServerLoop) {
        guard state.slowCallTime != .max else { return }
        let time = loop.now - startedAt
        guard time >= state.slowCallTime, method.kind == .unary,
            let report = state.configuration.onSlowCall
        else { return }
        report(
            GRPCSlowCall(
                path: method.path, remote: peerAddress?.hostAndPort ?? "@",
                time: time, responseBytes: responseBytes,
                request: requestDescription))
    }
}
