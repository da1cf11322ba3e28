import NIOCore
import NIOHTTP1

// Responses.
extension IncomingConnection {
    func send(
        _ response: PeerResponse, to request: HTTPRequestHead, _ context: ChannelHandlerContext,
        isLast: Bool = false, lingers: Bool = false
    ) {
        switch state {
        case .closed, .lingering: return
        case .idle, .collecting, .receiving, .refusing, .responding, .streaming: break
        }
        hasServed = true
        dropBody()
        // A loop with streams should have no other exchanges.
        let isMoved = transport.loops?.isForStreams(context.eventLoop) ?? false
        let ends = isLast || !request.isKeepAlive || isMoved
        let head = response.head(for: request, ends: ends)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD, !response.body.isEmpty {
            let bytes = context.channel.allocator.buffer(bytes: response.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
        }
        guard ends else {
            state = .idle
            timeoutHandler.expectsInput = true
            return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        state = lingers ? .lingering : .closed
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        written.futureResult.whenComplete { _ in
            let context = bound.value
            guard lingers else { return context.close(promise: nil) }
            context.eventLoop.scheduleTask(in: Self.lingerTime) {
                bound.value.close(promise: nil)
            }
        }
        if lingers { resumeReading(context) }
    }

    /// Writes an unterminated response and closes the connection, like a panic in etcd's handler.
    func abort(
        _ response: PeerResponse, _ request: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        state = .closed
        dropBody()
        var head = response.head(for: request, ends: false)
        head.headers.remove(name: "Content-Length")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let bytes = context.channel.allocator.buffer(bytes: response.body)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: written)
        written.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
    }

    func sendMalformed(_ status: HTTPResponseStatus, _ context: ChannelHandlerContext) {
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        let text = "\(status.code) \(status.reasonPhrase)"
        let response = PeerResponse(
            status: Int(status.code), headers: ["Content-Type": "text/plain; charset=utf-8"],
            body: Array(text.utf8))
        send(response, to: request, context, isLast: true, lingers: true)
    }
}
