package import HTTP2
package import MonotonicClock
internal import NIOCore
internal import StatusCodes

/// Client-side handler of one call. Called on the connection's event loop.
package protocol GRPCClientCallHandler: AnyObject {
    /// Received the response headers; not called for a Trailers-Only response.
    func receivedHeaders(_ metadata: GRPCMetadata, on call: GRPCClientCall)
    /// Received a message.
    func receive(_ message: [UInt8], on call: GRPCClientCall)
    /// Whether the handler wants messages, not only their lengths; read once, when the call starts.
    var wantsMessages: Bool { get }
    /// Received a message of that length; for a handler that wants no messages.
    func receivedMessage(bytes: Int, on call: GRPCClientCall)
    /// The call is writable again after `isWritable` was false.
    func becameWritable(_ call: GRPCClientCall)
    /// The call has ended; called once.
    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata)
}

extension GRPCClientCallHandler {
    package var wantsMessages: Bool { true }
    package func receivedMessage(bytes: Int, on call: GRPCClientCall) {}
    package func receivedHeaders(_ metadata: GRPCMetadata, on call: GRPCClientCall) {}
    package func becameWritable(_ call: GRPCClientCall) {}
}

/// One client call, used on its event loop.
///
/// Invariant: the handler's `closed` is called exactly once and nothing afterwards, whether the
/// server, the deadline, `cancel` or the loss of the connection ended the call.
package final class GRPCClientCall: @unchecked Sendable {  // used on its event loop only
    package let connection: GRPCClientConnection
    /// Whether the call has ended.
    package private(set) var isClosed = false
    /// Whether the server has certainly not seen the request: it may be sent again.
    package private(set) var isUnprocessed = false
    package var timerPosition: TimerWheelPosition?
    package private(set) var timerDeadline = MonotonicTime.distantFuture

    private var stream: HTTP2Stream?
    private var handler: (any GRPCClientCallHandler)?
    private var reader: GRPCMessageReader
    private var metadata = GRPCMetadata()
    private var httpStatus: Int?
    private var status: StatusCode?
    private var statusText = ""
    private var contentTypeIsGRPC = false
    private var hasHeaders = false

    init(connection: GRPCClientConnection, handler: any GRPCClientCallHandler) {
        self.connection = connection
        self.handler = handler
        reader = GRPCMessageReader(keepsMessages: handler.wantsMessages)
    }

    func begin(headers: HTTP2HeaderBlock, timeout: TimeSpan?) {
        do throws(HTTP2Error) {
            stream = try connection.transport.openStream(headers: headers, delegate: self)
        } catch {
            isUnprocessed = true
            connection.eventLoop.execute {
                self.close(GRPCStatus(.unavailable, "transport is closing"))
            }
            return
        }
        guard let timeout else { return }
        timerDeadline = connection.loop.now + max(timeout, .zero)
        connection.loop.insertCallTimer(self)
    }

    /// Unsent message bytes in memory.
    package var bufferedBytes: Int { stream?.bufferedBytes ?? 0 }
    /// False while more than the high watermark is buffered; then wait for `becameWritable`.
    package var isWritable: Bool { stream?.isWritable ?? false }

    /// Sends one message.
    package func send(_ message: [UInt8]) {
        connection.eventLoop.preconditionInEventLoop()
        let count = message.count
        precondition(count <= UInt32.max, "a message length has 32 bits")
        stream?.write(count: count + GRPCMessageReader.prefixBytes) { buffer in
            GRPCServerCall.writePrefix(count, to: buffer)
            message.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: buffer[GRPCMessageReader.prefixBytes...])
                    .copyMemory(from: bytes)
            }
        }
    }

    /// Ends the client's side: no more messages follow.
    package func halfClose() {
        connection.eventLoop.preconditionInEventLoop()
        stream?.finish(trailers: nil)
    }

    /// Ends the call immediately, with status canceled by default.
    package func cancel(_ status: GRPCStatus = .canceled) {
        connection.eventLoop.preconditionInEventLoop()
        guard !isClosed else { return }
        stream?.reset(.cancel)
        close(status)
    }

    /// Stops window updates until `resumeReceiving`: at most one more window of data arrives.
    package func pauseReceiving() { stream?.pauseReceiving() }
    /// Resumes receiving messages.
    package func resumeReceiving() { stream?.resumeReceiving() }

    private func close(_ status: GRPCStatus) {
        guard !isClosed else { return }
        isClosed = true
        connection.loop.removeCallTimer(self)
        let handler = handler
        self.handler = nil
        handler?.closed(self, status: status, trailers: metadata)
    }
}

extension GRPCClientCall: HTTP2StreamDelegate, TimerWheelEntry {
    package func timerFired() {
        cancel(.deadlineExceeded)
    }

    package func streamReceivedHeader(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) -> HTTP2FieldResult {
        switch name.count {
        case 7 where Self.matches(name, ":status"): httpStatus = Self.number(value)
        case 11 where Self.matches(name, "grpc-status"):
            status = Self.number(value).flatMap(StatusCode.init(rawValue:)) ?? .unknown
        case 12 where Self.matches(name, "grpc-message"):
            statusText = GRPCMessageEncoding.decode(value)
        case 12 where Self.matches(name, "content-type"):
            contentTypeIsGRPC = value.starts(with: "application/grpc".utf8)
        default: metadata.append(name: name, value: value)
        }
        return .accepted
    }

    package func streamReceivedHeaders(endOfStream: Bool) {
        guard !hasHeaders, !endOfStream else { return }
        if let httpStatus, (100..<200).contains(httpStatus) { return }
        hasHeaders = true
        guard httpStatus == 200, contentTypeIsGRPC else {
            stream?.reset(.cancel)
            return close(statusOfHTTP())
        }
        let headers = metadata
        metadata = GRPCMetadata()
        handler?.receivedHeaders(headers, on: self)
    }

    package func streamReceivedData(_ bytes: UnsafeRawBufferPointer) {
        var input = bytes
        while !isClosed {
            switch reader.next(&input, bytesMax: connection.configuration.receiveBytesMax) {
            case .needsMore: return
            case .message(let message): handler?.receive(message, on: self)
            case .counted(let bytes): handler?.receivedMessage(bytes: bytes, on: self)
            case .compressed: preconditionFailure("a client accepts no compressed messages")
            case .failed(let status): return cancel(status)
            }
        }
    }

    package func streamReceivedEnd() {
        guard !isClosed else { return }
        // The response is complete: stop sending the request.
        if let stream, !stream.isLocalClosed { stream.reset(.noError) }
        if let status { return close(GRPCStatus(status, statusText)) }
        close(statusOfHTTP())
    }

    package func streamBecameWritable() {
        if !isClosed { handler?.becameWritable(self) }
    }

    package func streamClosed(_ code: HTTP2ErrorCode, connectionLost: Bool) {
        stream = nil
        guard !isClosed else { return }
        if connectionLost {
            return close(GRPCStatus(.unavailable, "error reading from server: EOF"))
        }
        // Refused streams, and those above the last one that a GOAWAY names (RFC 9113 section 8.7).
        isUnprocessed = code == .refusedStream
        close(status(of: code))
    }

    /// The status of a response without `grpc-status`, by the gRPC mapping of HTTP statuses.
    private func statusOfHTTP() -> GRPCStatus {
        let code: StatusCode =
            switch httpStatus ?? 0 {
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
        let text = "unexpected HTTP status code received from server: \(httpStatus ?? 0)"
        return GRPCStatus(status ?? code, status == nil ? text : statusText)
    }

    /// The status of a reset by the server, by the gRPC mapping of HTTP/2 error codes.
    ///
    /// Servers cancel streams whose deadline has passed: then the deadline ended the call, though
    /// this side's timer has not fired yet.
    private func status(of code: HTTP2ErrorCode) -> GRPCStatus {
        if code == .cancel, timerDeadline <= connection.loop.now { return .deadlineExceeded }
        let status: StatusCode =
            switch code {
            case .refusedStream: .unavailable
            case .cancel: .canceled
            case .enhanceYourCalm: .resourceExhausted
            default: .internal
            }
        let text = "stream terminated by RST_STREAM with error code: \(code.name)"
        return GRPCStatus(status, text)
    }

    private static func matches(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        let expected = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        return GRPCMethodTable.equal(bytes, expected)
    }

    /// A number of at most three digits.
    private static func number(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard !bytes.isEmpty, bytes.count <= 3 else { return nil }
        var value = 0
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
