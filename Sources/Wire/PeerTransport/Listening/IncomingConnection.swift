import EtcdAPI
import NIOCore
import NIOHTTP1
import Raft

/// One connection of the peer listener: takes requests apart, has them answered.
///
/// One request is under way at a time (the pipeline handler before it holds back the next). What a
/// body may cost is bounded by its route. Whatever a client sends is either answered or ends the
/// connection.
///
/// - idle: waits for a head.
/// - collecting: a body is read into memory.
/// - receiving: a snapshot's body is handed on as it comes.
/// - refusing: the answer is known, the rest of the request is passed over.
/// - answering: the answer is awaited.
/// - streaming: the answer is a stream, which never ends by itself.
/// - lingering: answered, and ends; what still comes is passed over for a moment, so that the
///   other side can read the answer.
/// - closed: nothing more is read or written.
final class IncomingConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case collecting(HTTPRequestHead, PeerRoute, limitBytes: Int)
        case receiving(HTTPRequestHead, SnapshotReception)
        case refusing(HTTPRequestHead, PeerResponse)
        case answering(HTTPRequestHead)
        case streaming(OutgoingStream)
        case lingering
        case closed
    }

    private let transport: PeerTransport
    private let watch: ConnectionWatch
    private let answering: PeerAnswering
    private var state = State.idle
    private var body = ByteBuffer()
    private var passedBytes = 0
    private var isReadHeld = false
    private var endReason = PeerConnectionError.closed.description

    /// Bytes of a refused request that are read so that its answer arrives; Go's server's.
    private static let passedMaximumBytes = 256 << 10
    /// Time for the other side to read an answer before the connection is gone; Go's server's.
    private static let lingerTime = TimeAmount.milliseconds(500)

    init(
        _ transport: PeerTransport, watch: ConnectionWatch, answering: @escaping PeerAnswering
    ) {
        self.transport = transport
        self.answering = answering
        self.watch = watch
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.idle, .head(let head)): begin(head, context)
        case (.collecting(let head, let route, let limit), .body(let piece)):
            collect(piece, head, route, limit, context)
        case (.collecting(let head, let route, _), .end): answer(head, route, context)
        case (.receiving(_, let reception), .body(let piece)): reception.receive(piece)
        case (.receiving(let head, let reception), .end):
            awaitAnswer(head)
            reception.end()
        case (.refusing(let head, let response), .body(let piece)):
            passedBytes += piece.readableBytes
            if passedBytes > Self.passedMaximumBytes {
                send(response, to: head, context, isLast: true, lingers: true)
            }
        case (.refusing(let head, let response), .end): send(response, to: head, context)
        // The rest of a request that is answered already.
        case (_, _): break
        }
    }

    private func awaitAnswer(_ head: HTTPRequestHead) {
        state = .answering(head)
        watch.expectsInput = false
    }

    // Heads.

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        body = ByteBuffer()
        passedBytes = 0
        let hosts = head.headers["Host"].count
        guard head.version.major == 1 else {
            return sendMalformed(.httpVersionNotSupported, context)
        }
        guard hosts == 1 || (hosts == 0 && head.version == .http1_0) else {
            return sendMalformed(.badRequest, context)
        }
        let limits = transport.settings.limits
        let route = PeerRoute(path: PeerRequest.path(of: head.uri))
        switch route {
        case .message:
            if let refusal = postRefusal(head) { return refuse(head, refusal) }
            collect(head, route, limitBytes: limits.postedMessageBytes)
        case .snapshot:
            if let refusal = postRefusal(head) {
                transport.environment.ledger.count(.none) { $0.snapshotReceiveFailures += 1 }
                return refuse(head, refusal)
            }
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

    /// The checks that both posts share; a sender that passes them is remembered.
    private func postRefusal(_ head: HTTPRequestHead) -> PeerResponse? {
        if let refusal = transport.methodRefusal(head, .POST) { return refusal }
        if let refusal = transport.compatibilityRefusal(head) { return identified(refusal) }
        transport.registerSender(head)
        return nil
    }

    private func identified(_ response: PeerResponse) -> PeerResponse {
        var response = response
        response.headers.add(name: "X-Etcd-Cluster-Id", value: transport.settings.clusterText)
        return response
    }

    private func refuse(_ head: HTTPRequestHead, _ response: PeerResponse) {
        state = .refusing(head, response)
    }

    private func receiveSnapshot(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let reception = SnapshotReception(transport.environment, loop: context.eventLoop)
        state = .receiving(head, reception)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        reception.onAnswer = { response in
            let (connection, context) = bound.value
            let response = connection.identified(response)
            switch connection.state {
            case .answering(let head): connection.send(response, to: head, context)
            case .receiving(let head, _):
                connection.refuse(head, response)
                connection.resumeReading(context)
            case .idle, .collecting, .refusing, .streaming, .lingering, .closed: break
            }
        }
        reception.onRoom = {
            let (connection, context) = bound.value
            if reception.hasRoom { connection.resumeReading(context) }
        }
    }

    // Bodies.

    private func collect(
        _ piece: ByteBuffer, _ head: HTTPRequestHead, _ route: PeerRoute, _ limit: Int,
        _ context: ChannelHandlerContext
    ) {
        guard body.readableBytes + piece.readableBytes <= limit else {
            body = ByteBuffer()
            return refuse(head, Self.tooLarge)
        }
        if body.readableBytes == 0 {
            body = piece
        } else {
            body.writeImmutableBuffer(piece)
        }
    }

    private func answer(
        _ head: HTTPRequestHead, _ route: PeerRoute, _ context: ChannelHandlerContext
    ) {
        awaitAnswer(head)
        var bytes = ByteBuffer()
        swap(&bytes, &body)
        switch route {
        case .message: process(bytes, head, context)
        case .stream(let directory, let last): openStream(head, directory, last, context)
        case .probing:
            let headers: HTTPHeaders = ["Content-Type": "text/plain; charset=utf-8"]
            let response = PeerResponse(status: 200, headers: headers, body: ProbeAnswer.json())
            send(response, to: head, context)
        case .other, .snapshot: respond(bytes, head, context)
        }
    }

    /// A message that was posted.
    private func process(
        _ bytes: ByteBuffer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        let environment = transport.environment
        let record: RaftMessage
        do throws(WireError) {
            record = try Self.decode(bytes)
        } catch {
            environment.ledger.count(.none) { $0.receiveFailures += 1 }
            environment.owner.note(.messageUnreadable(reason: "\(error)"))
            return send(
                identified(.failure(400, "error unmarshalling raft message")), to: head, context)
        }
        environment.ledger.count(MemberID(record.from)) {
            $0.receivedBytes += bytes.readableBytes
        }
        let admission = environment.admission(record)
        if let message = admission.message { environment.owner.receive([message]) }
        switch admission.refusal {
        case .removedSender, .otherTarget:
            let failure = PeerResponse.failure(500, "error processing raft message")
            abort(identified(failure), head, context)
        // Raft passes over what it does not know.
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
            response.headers.add(name: "X-Server-Version", value: transport.settings.version)
            send(response, to: head, context)
        case .success(let (peer, kind)):
            let stream = OutgoingStream(kind, to: peer, on: context.channel)
            var headers = HTTPHeaders()
            headers.add(name: "X-Etcd-Cluster-Id", value: transport.settings.clusterText)
            headers.add(name: "X-Server-Version", value: transport.settings.version)
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
        answering(request, context.eventLoop)
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

    // Answers.

    private func send(
        _ response: PeerResponse, to request: HTTPRequestHead, _ context: ChannelHandlerContext,
        isLast: Bool = false, lingers: Bool = false
    ) {
        switch state {
        case .closed, .lingering: return
        case .idle, .collecting, .receiving, .refusing, .answering, .streaming: break
        }
        let ends = isLast || !request.isKeepAlive
        let head = response.head(for: request, ends: ends)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD, !response.body.isEmpty {
            let bytes = context.channel.allocator.buffer(bytes: response.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
        }
        guard ends else {
            state = .idle
            watch.expectsInput = true
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

    /// Writes an answer that never ends and breaks the connection, as a panic in etcd's handler.
    private func abort(
        _ response: PeerResponse, _ request: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        state = .closed
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

    // The connection.

    /// Reads no more of a snapshot than its disk takes.
    func read(context: ChannelHandlerContext) {
        if case .receiving(_, let reception) = state, !reception.hasRoom {
            isReadHeld = true
            watch.expectsInput = false
            return
        }
        context.read()
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard isReadHeld else { return }
        isReadHeld = false
        watch.expectsInput = true
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .streaming(let stream) = state, context.channel.isWritable { stream.drain() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        let before = state
        state = .closed
        switch before {
        case .streaming(let stream): stream.connectionEnded(reason: endReason)
        case .receiving(_, let reception): reception.cancel(reason: "unexpected EOF")
        case .idle, .collecting, .refusing, .answering, .lingering, .closed: break
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
            transport.environment.ledger.count(.none) { $0.receiveFailures += 1 }
            let refusal = PeerResponse.failure(400, "error reading raft message")
            send(identified(refusal), to: head, context, isLast: true, lingers: true)
        case .lingering: break
        case .idle, .collecting, .receiving, .refusing, .answering, .streaming, .closed:
            context.close(promise: nil)
        }
    }
}
