import NIOCore
import NIOHTTP1

/// A WebSocket to the JSON gateway: each message of the client is a part of the body of one request,
/// each line of the response is a message to the client.
///
/// Guarantees: as `GatewayExchange`, which it carries; every frame is checked; a client that breaks
/// the protocol gets the status, and the connection is closed.
///
/// Owned by the connection's event loop.
final class WebSocketConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Nil for a path that has no route.
    private let exchange: GatewayExchange?
    private var reader: WebSocketReader
    private var context: ChannelHandlerContext?
    private var isClosing = false

    init(_ exchange: GatewayExchange?) {
        self.exchange = exchange
        reader = WebSocketReader(messageBytesMax: exchange?.bodyBytesMax ?? 0)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard let exchange else { return send(.gatewayError(.noRoute)) }
        exchange.start(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        exchange?.cancel()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        exchange?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.becameWritable() }
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { reader.append($0) }
        while !isClosing, let event = reader.next() {
            switch event {
            case .message(let message):
                (message + [UInt8(ascii: "\n")]).withUnsafeBytes { exchange?.receive($0) }
            case .ping(let content):
                // A client that reads nothing gets no pongs.
                if context.channel.isWritable { send(frame: WebSocketFrame.encode(.pong, content)) }
            case .close(let status): close(WebSocketFrame.close(status))
            case .failure(let status): close(WebSocketFrame.close(status))
            }
        }
    }

    private func send(frame: [UInt8]) {
        guard let context, !isClosing else { return }
        context.writeAndFlush(
            wrapOutboundOut(context.channel.allocator.buffer(bytes: frame)), promise: nil)
    }

    /// Sends a last frame, if there is one, and closes the connection.
    private func close(_ frame: [UInt8] = []) {
        guard let context, !isClosing else { return }
        isClosing = true
        exchange?.cancel()
        let sent = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        context.writeAndFlush(
            wrapOutboundOut(context.channel.allocator.buffer(bytes: frame)), promise: sent)
    }
}

extension WebSocketConnection: HTTPResponseOutput {
    var isFullDuplex: Bool { true }
    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// The body is a message; status and headers have no place.
    func send(_ response: HTTPResponse) {
        close(WebSocketFrame.encode(.text, response.body))
    }

    func begin(_ response: HTTPResponse) {}

    func write(_ bytes: [UInt8]) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            send(frame: WebSocketFrame.encode(.text, line))
        }
    }

    func end() { close() }
    func abort() { close() }
}

extension HTTPConnection {
    /// Makes the connection a WebSocket. Its handlers are removed in the next tick, since they are
    /// still reading the request; the client sends nothing before it has the response.
    func openWebSocket(
        _ exchange: GatewayExchange?, accept: String, _ context: ChannelHandlerContext
    ) {
        let bound = NIOLoopBound((self, context, exchange), eventLoop: context.eventLoop)
        context.eventLoop.execute {
            let (connection, context, exchange) = bound.value
            let channel = context.channel
            guard channel.isActive else { return }
            connection.leavePipeline(context).assumeIsolated().whenComplete { result in
                guard case .success = result, channel.isActive else {
                    return channel.close(promise: nil)
                }
                Self.begin(exchange, accept, channel)
            }
        }
    }

    private static func begin(
        _ exchange: GatewayExchange?, _ accept: String, _ channel: any Channel
    ) {
        let head =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: \(accept)\r\n\r\n"
        channel.writeAndFlush(channel.allocator.buffer(string: head), promise: nil)
        do {
            try channel.pipeline.syncOperations.addHandler(WebSocketConnection(exchange))
        } catch {
            channel.close(promise: nil)
        }
    }

    /// Removes the handlers of HTTP.
    private func leavePipeline(_ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        let pipeline = context.pipeline.syncOperations
        do {
            let handlers = [
                context, try pipeline.context(handlerType: HTTPServerPipelineHandler.self),
                try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self),
                try pipeline.context(handlerType: HTTPResponseEncoder.self),
            ]
            return EventLoopFuture.andAllSucceed(
                handlers.map { pipeline.removeHandler(context: $0) }, on: context.eventLoop)
        } catch {
            return context.eventLoop.makeFailedFuture(error)
        }
    }
}
