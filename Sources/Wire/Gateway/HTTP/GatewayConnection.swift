import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection: takes requests apart, has them answered, keeps the connection alive.
///
/// What it guarantees: one request is under way at a time (the pipeline handler before it holds
/// back the next); a body is read but never kept, and bounded; whatever a client sends is either
/// answered or ends the connection. Owned by the connection's event loop.
///
/// - idle: waits for a head. Nothing else is valid.
/// - receiving: the head is there, the body is being passed over.
/// - answering: the answer is awaited or being written.
final class GatewayConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case receiving(HTTPRequestHead, bodyBytes: Int)
        case answering
        case closing
    }

    private let gateway: HTTPGateway
    private let listener: GatewayListener
    private let isEncrypted: Bool
    private var state = State.idle
    private var idleTimer: Scheduled<Void>?

    init(gateway: HTTPGateway, listener: GatewayListener, isEncrypted: Bool) {
        self.gateway = gateway
        self.listener = listener
        self.isEncrypted = isEncrypted
    }

    func handlerAdded(context: ChannelHandlerContext) { startTimer(context) }

    func handlerRemoved(context: ChannelHandlerContext) { idleTimer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        state = .closing
        idleTimer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.idle, .head(let head)): begin(head, context)
        case (.receiving(let head, let count), .body(let bytes)):
            let total = count + bytes.readableBytes
            guard total <= gateway.settings.bodyMaximumBytes else {
                return send(.malformed(.payloadTooLarge), to: head, context)
            }
            state = .receiving(head, bodyBytes: total)
        case (.receiving(let head, _), .end): finish(head, context)
        // The rest of a request that was already refused.
        case (.answering, _), (.closing, _), (.idle, _), (.receiving, .head): break
        }
    }

    /// The decoder found something that is not HTTP.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .idle where error is HTTPParserError:
            let status: HTTPResponseStatus =
                (error as? HTTPParserError) == .headerOverflow
                ? .requestHeaderFieldsTooLarge : .badRequest
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
            send(.malformed(status), to: head, context)
        case .idle, .receiving, .answering, .closing:
            state = .closing
            context.close(promise: nil)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        idleTimer?.cancel()
        if let refusal = refusal(of: head) { return send(refusal, to: head, context) }
        state = .receiving(head, bodyBytes: 0)
        startTimer(context)
        if head.headers.first(name: "Expect")?.lowercased() == "100-continue" {
            let interim = HTTPResponseHead(version: head.version, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
        }
    }

    /// What is wrong with a head by itself.
    private func refusal(of head: HTTPRequestHead) -> GatewayResponse? {
        if head.headers.count > gateway.settings.headerFieldsMaximum {
            return .malformed(.requestHeaderFieldsTooLarge)
        }
        if head.version.major != 1 { return .malformed(.httpVersionNotSupported) }
        let hosts = head.headers["Host"].count
        if hosts > 1 || (hosts == 0 && head.version != .http1_0) { return .malformed(.badRequest) }
        if let length = head.headers.first(name: "Content-Length"),
            (Int(length) ?? .max) > gateway.settings.bodyMaximumBytes
        {
            return .malformed(.payloadTooLarge)
        }
        return nil
    }

    private func finish(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        idleTimer?.cancel()
        state = .answering
        guard let request = GatewayRequest(head) else {
            return send(.malformed(.badRequest), to: head, context)
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        gateway.answer(
            request, listener: listener, isEncrypted: isEncrypted, on: context.eventLoop
        ).whenSuccess { response in
            let (connection, context) = bound.value
            connection.send(response, to: head, context)
        }
    }

    private func send(
        _ response: GatewayResponse, to head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        if case .closing = state { return }
        let stays = head.isKeepAlive && !response.closes
        state = stays ? .idle : .closing
        context.write(
            wrapOutboundOut(.head(responseHead(response, to: head, stays: stays))), promise: nil)
        if head.method != .HEAD, !response.body.isEmpty {
            let buffer = context.channel.allocator.buffer(bytes: response.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        let end = stays ? nil : context.eventLoop.makePromise(of: Void.self)
        if let end {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            end.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        } else {
            startTimer(context)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: end)
    }

    private func responseHead(
        _ response: GatewayResponse, to request: HTTPRequestHead, stays: Bool
    ) -> HTTPResponseHead {
        var headers = response.headers
        headers.add(name: "Date", value: HTTPDate.now())
        headers.add(name: "Content-Length", value: String(response.body.count))
        if !stays {
            headers.add(name: "Connection", value: "close")
        } else if request.version == .http1_0 {
            headers.add(name: "Connection", value: "keep-alive")
        }
        return HTTPResponseHead(
            version: .http1_1, status: response.status, headers: headers)
    }

    /// A client that sends nothing, or never ends its request, does not hold its connection.
    private func startTimer(_ context: ChannelHandlerContext) {
        idleTimer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let limit = TimeAmount.milliseconds(gateway.settings.idleTimeoutMilliseconds)
        idleTimer = context.eventLoop.scheduleTask(in: limit) {
            let (connection, context) = bound.value
            connection.state = .closing
            context.close(promise: nil)
        }
    }
}
