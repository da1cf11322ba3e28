import EtcdAPI
import Identifiers
import NIOCore
import NIOHTTP1

/// One connection of the peer listener: reads requests and responds to them.
///
/// One request is handled at a time (`HTTPServerPipelineHandler` holds back the next). The size of
/// a body is limited by its route. Every request either gets a response or closes the connection.
///
/// - idle: waits for a request head.
/// - collecting: a body is read into memory.
/// - receiving: a snapshot's body is passed to the receiver as it arrives.
/// - refusing: the response is known, the rest of the request is discarded.
/// - responding: the request is complete, the response is pending.
/// - streaming: the response is a stream, which never ends by itself.
/// - lingering: the response is sent and the connection closes soon; input is discarded for a
///   moment, so that the client can read the response.
/// - closed: nothing more is read or written.
final class IncomingConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case collecting(HTTPRequestHead, PeerRoute, limitBytes: Int)
        case receiving(HTTPRequestHead, SnapshotReceiver)
        case refusing(HTTPRequestHead, PeerResponse)
        case responding(HTTPRequestHead)
        case streaming(OutgoingStream)
        case lingering
        case closed
    }

    private let transport: PeerTransport
    private let timeoutHandler: ConnectionTimeoutHandler
    private let requestHandler: PeerRequestHandler
    private var state = State.idle
    private var body = ByteBuffer()
    private var discardedBytes = 0
    private var isReadHeld = false
    /// Bytes of the current request that are counted in `bufferedRequests`.
    private var buffered = BufferedRequests.Share()
    /// What the connection uses its event loop for.
    private var use: PeerLoopTable.Use?
    private var hasServed = false
    private var endReason = PeerConnectionError.closed.description

    /// Bytes of a refused request that are read so that the client reads the response; as in Go.
    private static let discardedBytesMax = 256 << 10
    /// Time for the client to read a response before the connection is closed; as in Go.
    private static let lingerTime = TimeAmount.milliseconds(500)

    init(
        _ transport: PeerTransport, timeoutHandler: ConnectionTimeoutHandler,
        requestHandler: @escaping PeerRequestHandler
    ) {
        self.transport = transport
        self.requestHandler = requestHandler
        self.timeoutHandler = timeoutHandler
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.idle, .head(let head)): begin(head, context)
        case (.collecting(let head, let route, let limit), .body(let chunk)):
            collect(chunk, head, route, limit, context)
        case (.collecting(let head, let route, _), .end): dispatch(head, route, context)
        case (.receiving(let head, let receiver), .body(let chunk)):
            receive(chunk, head, receiver)
        case (.receiving(let head, let receiver), .end):
            awaitResponse(head)
            receiver.end()
        case (.refusing(let head, let response), .body(let chunk)):
            discardedBytes += chunk.readableBytes
            if discardedBytes > Self.discardedBytesMax {
                send(response, to: head, context, isLast: true, lingers: true)
            }
        case (.refusing(let head, let response), .end): send(response, to: head, context)
        // The rest of a request that already has a response.
        case (_, _): break
        }
    }

    private func awaitResponse(_ head: HTTPRequestHead) {
        state = .responding(head)
        timeoutHandler.expectsInput = false
    }

    // Request heads.

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        body = ByteBuffer()
        discardedBytes = 0
        let hosts = head.headers["Host"].count
        guard head.version.major == 1 else {
            return sendMalformed(.httpVersionNotSupported, context)
        }
        guard hosts == 1 || (hosts == 0 && head.version == .http1_0) else {
            return sendMalformed(.badRequest, context)
        }
        let limits = transport.configuration.limits
        let route = PeerRoute(path: PeerRequest.path(of: head.uri))
        switch route {
        case .message:
            if let refusal = postRefusal(head) { return refuse(head, refusal) }
            collect(head, route, limitBytes: limits.postedMessageBytes)
        case .snapshot:
            if let refusal = postRefusal(head) {
                transport.environment.statistics.update(.none) { $0.snapshotReceiveFailures += 1 }
                return refuse(head, refusal)
            }
            guard begin(.transfer, context) else { return refuse(head, Self.busy) }
            receiveSnapshot(head, context)
        case .stream, .probing, .other:
            collect(head, route, limitBytes: limits.requestBodyBytes)
        }
    }

    private func collect(_ head: HTTPRequestHead, _ route: PeerRoute, limitBytes: Int) {
        let length = head.headers.first(name: "Content-Length").map { Int($0) ?? .max } ?? 0
        guard length <= limitBytes else { return refuse(head, Self.tooLarge) }
        state = .collecting(head, route, limitBytes: limitBytes)
    }

    private static let tooLarge = PeerResponse.failure(413, "request body is too large")
    private static let busy = PeerResponse.failure(503, "too many requests are buffered")

    /// Counts bytes of a request that stay in memory; false if there are too many of them.
    private func buffer(_ bytes: Int, of head: HTTPRequestHead) -> Bool {
        if buffered.bytes == 0 { buffered = .init(isStranger: !transport.isFromMember(head)) }
        return transport.bufferedRequests.add(bytes, to: &buffered)
    }

    /// The checks that both POST routes share; a sender that passes them is registered.
    private func postRefusal(_ head: HTTPRequestHead) -> PeerResponse? {
        if let refusal = transport.methodRefusal(head, .POST) { return refusal }
        if let refusal = transport.compatibilityRefusal(head) { return identified(refusal) }
        transport.registerSender(head)
        return nil
    }

    private func identified(_ response: PeerResponse) -> PeerResponse {
        var response = response
        response.headers.add(name: "X-Etcd-Cluster-Id", value: transport.configuration.clusterText)
        return response
    }

    private func refuse(_ head: HTTPRequestHead, _ response: PeerResponse) {
        dropBody()
        state = .refusing(head, response)
    }

    private func dropBody() {
        body = ByteBuffer()
        transport.bufferedRequests.remove(&buffered)
    }

    private func receiveSnapshot(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let receiver = SnapshotReceiver(transport.environment, loop: context.eventLoop)
        state = .receiving(head, receiver)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        receiver.onResponse = { response in
            let (connection, context) = bound.value
            let response = connection.identified(response)
            connection.endUse(context)
            switch connection.state {
            case .responding(let head): connection.send(response, to: head, context)
            case .receiving(let head, _):
                connection.refuse(head, response)
                connection.resumeReading(context)
            case .idle, .collecting, .refusing, .streaming, .lingering, .closed: break
            }
        }
        receiver.onCapacity = {
            let (connection, context) = bound.value
            if receiver.hasCapacity { connection.resumeReading(context) }
        }
    }

    /// Passes a chunk of a snapshot on. Its message is collected in memory first.
    private func receive(
        _ chunk: ByteBuffer, _ head: HTTPRequestHead, _ receiver: SnapshotReceiver
    ) {
        guard receiver.isReadingHead else { return receiver.receive(chunk) }
        guard buffer(chunk.readableBytes, of: head) else {
            return receiver.refuse(503, "too many requests are buffered")
        }
        receiver.receive(chunk)
        if !receiver.isReadingHead { transport.bufferedRequests.remove(&buffered) }
    }

    // The use of the event loop.

    /// Begins to use the connection's loop for long; false if it must not be used for this.
    private func begin(_ use: PeerLoopTable.Use, _ context: ChannelHandlerContext) -> Bool {
        guard let loops = transport.loops else { return true }
        guard case .admitted(let movesHandshakes) = loops.begin(use, on: context.eventLoop) else {
            return false
        }
        self.use = use
        if movesHandshakes { transport.closeKeptAlive(on: context.eventLoop) }
        return true
    }

    private func endUse(_ context: ChannelHandlerContext) {
        if let use = use.take() { transport.loops?.end(use, on: context.eventLoop) }
    }

    // Request bodies.

    private func collect(
        _ chunk: ByteBuffer, _ head: HTTPRequestHead, _ route: PeerRoute, _ limit: Int,
        _ context: ChannelHandlerContext
    ) {
        guard body.readableBytes + chunk.readableBytes <= limit else {
            return refuse(head, Self.tooLarge)
        }
        guard buffer(chunk.readableBytes, of: head) else { return refuse(head, Self.busy) }
        if body.readableBytes == 0 {
            body = chunk
        } else {
            body.writeImmutableBuffer(chunk)
        }
    }

    private func dispatch(
        _ head: HTTPRequestHead, _ route: PeerRoute, _ context: ChannelHandlerContext
    ) {
        awaitResponse(head)
        var bytes = ByteBuffer()
        swap(&bytes, &body)
        switch route {
        case .message: process(bytes, head, context)
        case .stream(let directory, let last): openStream(head, directory, last, context)
        case .probing:
            let headers: HTTPHeaders = ["Content-Type": "text/plain; charset=utf-8"]
            let response = PeerResponse(status: 200, headers: headers, body: ProbeResponse.json())
            send(response, to: head, context)
        case .other, .snapshot: respond(bytes, head, context)
        }
    }

    /// Handles a posted message.
    private func process(
        _ bytes: ByteBuffer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        let environment = transport.environment
        let record: RaftMessage
        do throws(WireError) {
            record = try Self.decode(bytes)
        } catch {
            environment.statistics.update(.none) { $0.receiveFailures += 1 }
            environment.delegate.record(.messageUnreadable(reason: "\(error)"))
            return send(
                identified(.failure(400, "error unmarshalling raft message")), to: head, context)
        }
        environment.statistics.update(MemberID(record.from)) {
            $0.receivedBytes += bytes.readableBytes
        }
        let admission = environment.admission(record)
        if let message = admission.message { environment.delegate.receive([message]) }
        switch admission.refusal {
        case .removedSender, .otherTarget:
            let failure = PeerResponse.failure(500, "error processing raft message")
            abort(identified(failure), head, context)
        // Raft ignores unknown types.
        case .unknownType, .queueFull, nil:
            send(identified(PeerResponse(status: 204)), to: head, context)
        }
    }

    private static func decode(_ bytes: ByteBuffer) throws(WireError) -> RaftMessage {
        let result = bytes.withUnsafeReadableBytes { memory -> Result<RaftMessage, WireError> in
            do throws(WireError) {
                return .success(try RaftMessage(decoding: memory))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func openStream(
        _ head: HTTPRequestHead, _ directory: Substring, _ last: Substring,
        _ context: ChannelHandlerContext
    ) {
        if let refusal = transport.methodRefusal(head, .GET) {
            return send(refusal, to: head, context)
        }
        switch transport.streamRequest(head, directory: directory, last: last) {
        case .failure(let refusal):
            var response = identified(refusal.response)
            response.headers.add(name: "X-Server-Version", value: transport.configuration.version)
            send(response, to: head, context)
        case .success(let (peer, kind)):
            // The member dials again, and its connection is accepted on another loop.
            guard begin(.stream, context) else {
                state = .closed
                return context.close(promise: nil)
            }
            let stream = OutgoingStream(kind, to: peer, on: context.channel)
            var headers = HTTPHeaders()
            headers.add(name: "X-Etcd-Cluster-Id", value: transport.configuration.clusterText)
            headers.add(name: "X-Server-Version", value: transport.configuration.version)
            headers.add(name: "Date", value: PeerClock.headerDate())
            let response = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
            context.writeAndFlush(wrapOutboundOut(.head(response)), promise: nil)
            guard peer.attach(stream) else {
                state = .closed
                return context.close(promise: nil)
            }
            state = .streaming(stream)
            stream.start()
        }
    }

    private func respond(
        _ bytes: ByteBuffer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        let request = PeerRequest(
            method: head.method.rawValue, path: PeerRequest.path(of: head.uri),
            query: PeerRequest.query(of: head.uri), headers: head.headers,
            body: Array(bytes.readableBytesView))
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        requestHandler(request, context.eventLoop)
            .hop(to: context.eventLoop)
            .whenComplete { result in
                let (connection, context) = bound.value
                switch result {
                case .success(let response): connection.send(response, to: head, context)
                case .failure(let error):
                    connection.send(.failure(500, "\(error)"), to: head, context)
                }
            }
    }

    // Responses.

    private func send(
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
    private func abort(
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

    private func sendMalformed(_ status: HTTPResponseStatus, _ context: ChannelHandlerContext) {
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        let text = "\(status.code) \(status.reasonPhrase)"
        let response = PeerResponse(
            status: Int(status.code), headers: ["Content-Type": "text/plain; charset=utf-8"],
            body: Array(text.utf8))
        send(response, to: request, context, isLast: true, lingers: true)
    }

    // Channel events.

    /// Reads no more of a snapshot while too much waits for the disk.
    func read(context: ChannelHandlerContext) {
        if case .receiving(_, let receiver) = state, !receiver.hasCapacity {
            isReadHeld = true
            timeoutHandler.expectsInput = false
            return
        }
        context.read()
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard isReadHeld else { return }
        isReadHeld = false
        timeoutHandler.expectsInput = true
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is PeerLoopMoved, case .idle = state, hasServed {
            state = .closed
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .streaming(let stream) = state, context.channel.isWritable { stream.drain() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        let before = state
        state = .closed
        dropBody()
        endUse(context)
        switch before {
        case .streaming(let stream): stream.connectionEnded(reason: endReason)
        case .receiving(_, let receiver): receiver.cancel(reason: "unexpected EOF")
        case .idle, .collecting, .refusing, .responding, .lingering, .closed: break
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        endReason = "\(error)"
        switch state {
        case .idle where error is HTTPParserError:
            let overflow = (error as? HTTPParserError) == .headerOverflow
            sendMalformed(overflow ? .requestHeaderFieldsTooLarge : .badRequest, context)
        case .collecting(let head, .message, _) where error is HTTPParserError:
            transport.environment.statistics.update(.none) { $0.receiveFailures += 1 }
            let refusal = PeerResponse.failure(400, "error reading raft message")
            send(identified(refusal), to: head, context, isLast: true, lingers: true)
        case .lingering: break
        case .idle, .collecting, .receiving, .refusing, .responding, .streaming, .closed:
            context.close(promise: nil)
        }
    }
}
