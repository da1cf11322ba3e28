import HTTP2
import MonotonicClock
import NIOCore
import NIOHTTP1

/// One request on an HTTP/2 stream, and its response.
///
/// Invariants: a body is bounded, and read but not kept, unless it is the JSON gateway's; the
/// request gets one response or a reset; a client that does not complete its request or read its response in time is reset. Owned by the
/// connection's event loop.
///
/// A response before the end of the request does not reset the stream at once, since curl loses a
/// response that arrives together with the reset. The client gets no more window and some time to
/// stop by itself.
///
/// - receiving: the head is received, the body is being skipped.
/// - exchanging: the JSON gateway serves the request, from its head to the end of the response.
/// - responding: the request is complete or refused, the response is pending or being written.
/// - closed: the stream is closed or reset.
final class HTTP2Exchange: HTTP2StreamDelegate, TimerWheelEntry {
    enum State {
        case receiving(HTTPRequestHead, bodyBytes: Int)
        case exchanging(GatewayExchange, bodyBytes: Int)
        case responding
        case closed
    }

    private let requests: HTTP2Requests
    private(set) var stream: HTTP2Stream?
    let loop: HTTP2Loop
    var state = State.responding
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
        let exchange = HTTPRequest(head, isBesideGRPC: isBesideGRPC).flatMap {
            requests.service.exchange(
                for: $0, listener: requests.listener, identity: requests.identity,
                on: loop.eventLoop)
        }
        do throws(Refusal) {
            try check(received, bodyBytesMax: exchange?.bodyBytesMax ?? configuration.bodyBytesMax)
        } catch {
            return respond(.malformed(error.status))
        }
        if exchange?.isOpenEnded != true { startTimer(configuration.idleTimeout) }
        guard let exchange else { return state = .receiving(head, bodyBytes: 0) }
        state = .exchanging(exchange, bodyBytes: 0)
        exchange.start(self)
    }

    /// Resets a request of which nothing is served; the client may send it again.
    func refuse() { end(.refusedStream) }

    /// Why a head is refused.
    private struct Refusal: Error {
        let status: HTTPResponseStatus
    }

    private func check(_ head: HTTP2RequestHead, bodyBytesMax: Int) throws(Refusal) {
        if head.isTooLarge { throw Refusal(status: .requestHeaderFieldsTooLarge) }
        if head.values("host").count > 1 { throw Refusal(status: .badRequest) }
        let lengths = Set(head.values("content-length"))
        guard let length = lengths.first else { return }
        guard lengths.count == 1, !length.isEmpty,
            length.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { throw Refusal(status: .badRequest) }
        let bytes = Int(length) ?? .max
        if bytes > bodyBytesMax { throw Refusal(status: .payloadTooLarge) }
        declaredBytes = bytes
    }

    // A head is read before its exchange exists; trailers have no meaning.
    func streamReceivedHeader(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) -> HTTP2FieldResult { .accepted }
    func streamReceivedHeaders(endOfStream: Bool) {}

    func streamReceivedData(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .receiving(let head, let count):
            let total = count + bytes.count
            guard total <= configuration.bodyBytesMax else {
                return respond(.malformed(.payloadTooLarge))
            }
            state = .receiving(head, bodyBytes: total)
            if let declaredBytes, total > declaredBytes { end(.protocolError) }
        case .exchanging(let exchange, let count):
            let total = count + bytes.count
            state = .exchanging(exchange, bodyBytes: total)
            if let declaredBytes, total > declaredBytes { return end(.protocolError) }
            exchange.receive(bytes)
        case .responding, .closed: break
        }
    }

    func streamReceivedEnd() {
        switch state {
        case .receiving(_, let count), .exchanging(_, let count):
            if let declaredBytes, count != declaredBytes { return end(.protocolError) }
        case .responding, .closed: return
        }
        loop.removeConnectionTimer(self)
        switch state {
        case .receiving(let head, _): respond(to: head)
        case .exchanging(let exchange, _): exchange.receiveEnd()
        case .responding, .closed: break
        }
    }

    private func respond(to head: HTTPRequestHead) {
        state = .responding
        guard let request = HTTPRequest(head, isBesideGRPC: isBesideGRPC) else {
            return respond(.malformed(.badRequest))
        }
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        requests.service.respond(
            to: request, listener: requests.listener, identity: requests.identity,
            on: loop.eventLoop
        ).whenSuccess { bound.value.respond($0) }
    }

    func respond(_ response: HTTPResponse) {
        guard let stream else { return }
        guard stream.hasMemory(for: response.body.count) else { return end(.enhanceYourCalm) }
        awaitClient(stream)
        let block = response.http2HeaderBlock()
        guard !isHead, response.mayHaveBody, !response.body.isEmpty else {
            return stream.submitHeadersOnly(block)
        }
        stream.submitHeaders(block)
        stream.write(response.body)
        stream.finish(trailers: nil)
    }

    /// The response is sent: the client has to read it, and to stop sending.
    func awaitClient(_ stream: HTTP2Stream) {
        state = .responding
        if stream.isRemoteClosed {
            startTimer(configuration.idleTimeout)
        } else {
            stream.pauseReceiving()
            startTimer(Self.stopTime)
        }
    }

    func streamBecameWritable() {
        if case .exchanging(let exchange, _) = state { exchange.becameWritable() }
    }

    /// The client was too slow, or still sends after its response.
    func timerFired() { end(stream?.isLocalClosed == true ? .noError : .cancel) }

    func streamClosed(_ code: HTTP2ErrorCode, connectionLost: Bool) {
        loop.removeConnectionTimer(self)
        stream = nil
        endExchange()
        requests.didClose()
    }

    func end(_ code: HTTP2ErrorCode) {
        loop.removeConnectionTimer(self)
        endExchange()
        stream?.reset(code)
    }

    private func endExchange() {
        let former = state
        state = .closed
        if case .exchanging(let exchange, _) = former { exchange.cancel() }
    }

    private func startTimer(_ timeout: TimeSpan) {
        loop.removeConnectionTimer(self)
        timerDeadline = loop.now + timeout
        loop.insertConnectionTimer(self)
    }
}
