import ConnectionIdentity
import HTTP2
import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection: parses requests, sends responses, keeps the connection alive.
///
/// Invariants: one request is served at a time (the pipeline handler before it holds back the
/// next); a body is bounded, and read but not kept, unless it is the JSON gateway's; every input
/// either gets a response or closes the connection. Owned by the connection's event loop.
///
/// - idle: waits for a head. Nothing else is valid.
/// - receiving: the head is received, the body is being skipped.
/// - stalled: the request is complete, but the client has not read earlier responses yet.
/// - exchanging: the JSON gateway serves the request, from its head to the end of the response.
/// - responding: the response is pending or being written.
/// - closing: nothing more is read or written.
final class HTTPConnection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    enum State {
        case idle
        case receiving(HTTPRequestHead, bodyBytes: Int)
        case stalled(HTTPRequestHead)
        case exchanging(HTTPRequestHead, GatewayExchange, Progress)
        case responding
        case closing
    }

    /// How far the request of an exchange is.
    enum Progress {
        case receiving
        /// It is complete, but the client has not read earlier responses yet.
        case stalled
        case complete
    }

    private let service: HTTPService
    private let listener: HTTPListener
    private let identity: ConnectionIdentity
    var state = State.idle
    var context: ChannelHandlerContext?
    private var idleTimer: Scheduled<Void>?

    init(service: HTTPService, listener: HTTPListener, identity: ConnectionIdentity) {
        self.service = service
        self.listener = listener
        self.identity = identity
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        startTimer(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        endExchange()
        self.context = nil
        idleTimer?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        endExchange()
        idleTimer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.idle, .head(let head)): begin(head, context)
        case (.receiving(let head, let count), .body(let bytes)):
            let total = count + bytes.readableBytes
            guard total <= service.configuration.bodyBytesMax else {
                return send(.malformed(.payloadTooLarge), to: head, context)
            }
            state = .receiving(head, bodyBytes: total)
        case (.receiving(let head, _), .end): finish(head, context)
        case (.exchanging(_, let exchange, .receiving), .body(let bytes)):
            bytes.withUnsafeReadableBytes { exchange.receive($0) }
        case (.exchanging(let head, let exchange, .receiving), .end):
            state = .exchanging(head, exchange, .stalled)
            finishRequest(context)
        // The rest of a refused request.
        case (.responding, _), (.stalled, _), (.closing, _), (.idle, _), (.receiving, .head),
            (.exchanging, _):
            break
        }
    }

    /// The decoder received malformed HTTP.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .idle where error is HTTPParserError:
            let status: HTTPResponseStatus =
                (error as? HTTPParserError) == .headerOverflow
                ? .requestHeaderFieldsTooLarge : .badRequest
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
            send(.malformed(status), to: head, context)
        case .idle, .receiving, .stalled, .exchanging, .responding, .closing:
            endExchange()
            context.close(promise: nil)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        idleTimer?.cancel()
        let exchange = HTTPRequest(head).flatMap {
            service.exchange(for: $0, listener: listener, identity: identity, on: context.eventLoop)
        }
        let bodyBytesMax = exchange?.bodyBytesMax ?? service.configuration.bodyBytesMax
        if let refusal = refusal(of: head, bodyBytesMax: bodyBytesMax) {
            return send(refusal, to: head, context)
        }
        if let exchange {
            state = .exchanging(head, exchange, .receiving)
            exchange.start(self)
        } else {
            state = .receiving(head, bodyBytes: 0)
        }
        if exchange?.isOpenEnded != true { startTimer(context) }
        if head.headers.first(name: "Expect")?.lowercased() == "100-continue" {
            let interim = HTTPResponseHead(version: head.version, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
        }
    }

    /// The error response to an invalid head; nil for a valid one.
    private func refusal(of head: HTTPRequestHead, bodyBytesMax: Int) -> HTTPResponse? {
        if head.headers.count > service.configuration.headerFieldsMax {
            return .malformed(.requestHeaderFieldsTooLarge)
        }
        if head.version.major != 1 { return .malformed(.httpVersionNotSupported) }
        let hosts = head.headers["Host"].count
        if hosts > 1 || (hosts == 0 && head.version != .http1_0) { return .malformed(.badRequest) }
        if let length = head.headers.first(name: "Content-Length"),
            (Int(length) ?? .max) > bodyBytesMax
        {
            return .malformed(.payloadTooLarge)
        }
        if let expected = head.headers.first(name: "Expect"),
            expected.lowercased() != "100-continue"
        {
            return .unmetExpectation
        }
        return nil
    }

    /// Bounds the buffered responses of a client that sends requests without reading.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .stalled(let head) = state { finish(head, context) }
        finishRequest(context)
        context.fireChannelWritabilityChanged()
    }

    private func finish(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard context.channel.isWritable else {
            state = .stalled(head)
            return
        }
        idleTimer?.cancel()
        state = .responding
        guard let request = HTTPRequest(head) else {
            return send(.malformed(.badRequest), to: head, context)
        }
        if let (exchange, accept) = service.webSocket(
            for: request, listener: listener, identity: identity, on: context.eventLoop)
        {
            return openWebSocket(exchange, accept: accept, context)
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        service.respond(
            to: request, listener: listener, identity: identity, on: context.eventLoop
        ).whenSuccess { response in
            let (connection, context) = bound.value
            connection.send(response, to: head, context)
        }
    }

    /// Passes the end of an exchange's request on once the client has read earlier responses, and
    /// notifies the exchange that the client reads.
    private func finishRequest(_ context: ChannelHandlerContext) {
        guard context.channel.isWritable,
            case .exchanging(let head, let exchange, let progress) = state
        else { return }
        switch progress {
        case .receiving: break
        case .stalled:
            idleTimer?.cancel()
            state = .exchanging(head, exchange, .complete)
            exchange.receiveEnd()
        case .complete: exchange.becameWritable()
        }
    }

    /// Nothing more is read or written.
    private func endExchange() {
        let former = state
        state = .closing
        if case .exchanging(_, let exchange, _) = former { exchange.cancel() }
    }

    func send(
        _ response: HTTPResponse, to head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        if case .closing = state { return }
        let keepsAlive = head.isKeepAlive && !response.closes
        context.write(
            wrapOutboundOut(.head(responseHead(response, to: head, keepsAlive: keepsAlive))),
            promise: nil)
        if head.method != .HEAD, !response.body.isEmpty {
            let buffer = context.channel.allocator.buffer(bytes: response.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        end(context, keepsAlive: keepsAlive)
    }

    /// Ends a response, and with it the connection or the wait for the next request.
    func end(_ context: ChannelHandlerContext, keepsAlive: Bool) {
        state = keepsAlive ? .idle : .closing
        let end = keepsAlive ? nil : context.eventLoop.makePromise(of: Void.self)
        if let end {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            end.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        } else {
            startTimer(context)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: end)
    }

    private func responseHead(
        _ response: HTTPResponse, to request: HTTPRequestHead, keepsAlive: Bool
    ) -> HTTPResponseHead {
        var headers = response.headersWithDateAndLength()
        if !keepsAlive {
            headers.add(name: "Connection", value: "close")
        } else if request.version == .http1_0 {
            headers.add(name: "Connection", value: "keep-alive")
        }
        return HTTPResponseHead(
            version: .http1_1, status: response.status, headers: headers)
    }

    /// Closes the connection of a client that sends no complete request in time.
    private func startTimer(_ context: ChannelHandlerContext) {
        idleTimer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let limit = TimeAmount(service.configuration.idleTimeout)
        idleTimer = context.eventLoop.scheduleTask(in: limit) {
            let (connection, context) = bound.value
            connection.endExchange()
            context.close(promise: nil)
        }
    }
}
