import HTTP2
import MonotonicClock
import NIOCore
import NIOHTTP1

/// One request on an HTTP/2 stream, and its response.
///
/// Invariants: a body is read but not kept, and bounded; the request gets one response or a reset;
/// a client that does not complete its request or read its response in time is reset. Owned by the
/// connection's event loop.
///
/// A response before the end of the request does not reset the stream at once, since curl loses a
/// response that arrives together with the reset. The client gets no more window and some time to
/// stop by itself.
///
/// - receiving: the head is received, the body is being skipped.
/// - responding: the request is complete or refused, the response is pending or being written.
/// - closed: the stream is closed or reset.
final class HTTP2Exchange: HTTP2StreamDelegate, TimerWheelEntry {
    private enum State {
        case receiving(HTTPRequestHead, bodyBytes: Int)
        case responding
        case closed
    }

    private let requests: HTTP2Requests
    private var stream: HTTP2Stream?
    private let loop: HTTP2Loop
    private var state = State.responding
    private var isHead = false
    private var isBesideGRPC = false
    private var declaredBytes: Int?
    var timerPosition: TimerWheelPosition?
    private(set) var timerDeadline = MonotonicTime.zero

    init(requests: HTTP2Requests, stream: HTTP2Stream) {
        self.requests = requests
        self.stream = stream
        loop = stream.loop
    }

    /// Time for a client to stop sending after a response before the end of its request.
    private static let stopTime = TimeSpan.seconds(1)

    private var configuration: HTTPServiceConfiguration { requests.service.configuration }

    /// Starts to receive the request.
    func begin(_ received: HTTP2RequestHead, besideGRPC: Bool) {
        let head = HTTPRequestHead(received)
        isHead = head.method == .HEAD
        isBesideGRPC = besideGRPC
        do throws(Refusal) {
            try check(received)
        } catch {
            return send(.malformed(error.status))
        }
        state = .receiving(head, bodyBytes: 0)
        startTimer(configuration.idleTimeout)
    }

    /// Resets a request of which nothing is served; the client may send it again.
    func refuse() { end(.refusedStream) }

    /// Why a head is refused.
    private struct Refusal: Error {
        let status: HTTPResponseStatus
    }

    private func check(_ head: HTTP2RequestHead) throws(Refusal) {
        if head.isTooLarge { throw Refusal(status: .requestHeaderFieldsTooLarge) }
        if head.values("host").count > 1 { throw Refusal(status: .badRequest) }
        let lengths = Set(head.values("content-length"))
        guard let length = lengths.first else { return }
        guard lengths.count == 1, !length.isEmpty,
            length.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { throw Refusal(status: .badRequest) }
        let bytes = Int(length) ?? .max
        if bytes > configuration.bodyBytesMax { throw Refusal(status: .payloadTooLarge) }
        declaredBytes = bytes
    }

    // A head is read before its exchange exists; trailers have no meaning.
    func streamReceivedHeader(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) -> HTTP2FieldResult { .accepted }
    func streamReceivedHeaders(endOfStream: Bool) {}

    func streamReceivedData(_ bytes: UnsafeRawBufferPointer) {
        guard case .receiving(let head, let count) = state else { return }
        let total = count + bytes.count
        if let declaredBytes, total > declaredBytes { return end(.protocolError) }
        guard total <= configuration.bodyBytesMax else {
            return send(.malformed(.payloadTooLarge))
        }
        state = .receiving(head, bodyBytes: total)
    }

    func streamReceivedEnd() {
        guard case .receiving(let head, let count) = state else { return }
        if let declaredBytes, count != declaredBytes { return end(.protocolError) }
        respond(to: head)
    }

    private func respond(to head: HTTPRequestHead) {
        state = .responding
        loop.removeConnectionTimer(self)
        guard let request = HTTPRequest(head, isBesideGRPC: isBesideGRPC) else {
            return send(.malformed(.badRequest))
        }
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        requests.service.respond(
            to: request, listener: requests.listener, identity: requests.identity,
            on: loop.eventLoop
        ).whenSuccess { bound.value.send($0) }
    }

    private func send(_ response: HTTPResponse) {
        guard let stream else { return }
        guard stream.hasMemory(for: response.body.count) else { return end(.enhanceYourCalm) }
        state = .responding
        if stream.isRemoteClosed {
            startTimer(configuration.idleTimeout)
        } else {
            stream.pauseReceiving()
            startTimer(Self.stopTime)
        }
        let block = response.http2HeaderBlock()
        guard !isHead, response.mayHaveBody, !response.body.isEmpty else {
            return stream.submitHeadersOnly(block)
        }
        stream.submitHeaders(block)
        stream.write(response.body)
        stream.finish(trailers: nil)
    }

    func streamBecameWritable() {}

    /// The client was too slow, or still sends after its response.
    func timerFired() { end(stream?.isLocalClosed == true ? .noError : .cancel) }

    func streamClosed(_ code: HTTP2ErrorCode, connectionLost: Bool) {
        loop.removeConnectionTimer(self)
        state = .closed
        stream = nil
        requests.didClose()
    }

    private func end(_ code: HTTP2ErrorCode) {
        state = .closed
        loop.removeConnectionTimer(self)
        stream?.reset(code)
    }

    private func startTimer(_ timeout: TimeSpan) {
        loop.removeConnectionTimer(self)
        timerDeadline = loop.now + timeout
        loop.insertConnectionTimer(self)
    }
}
