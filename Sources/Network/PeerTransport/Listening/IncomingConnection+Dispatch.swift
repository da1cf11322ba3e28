import EtcdAPI
import Identifiers
import NIOCore
import NIOHTTP1

// Complete requests.
extension IncomingConnection {
    func dispatch(
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
    func process(
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

    static func decode(_ bytes: ByteBuffer) throws(WireError) -> RaftMessage {
        let result = bytes.withUnsafeReadableBytes { memory -> Result<RaftMessage, WireError> in
            do throws(WireError) {
                return .success(try RaftMessage(decoding: memory))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    func openStream(
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

    func respond(
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
}
