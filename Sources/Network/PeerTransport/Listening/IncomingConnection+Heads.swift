import NIOCore
import NIOHTTP1

// Request heads, and the checks that need no body.
extension IncomingConnection {
    func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
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
            collect(head, route, bytesMax: limits.postedMessageBytesMax)
        case .snapshot:
            if let refusal = postRefusal(head) {
                transport.environment.statistics.update(.none) { $0.snapshotReceiveFailures += 1 }
                return refuse(head, refusal)
            }
            receiveSnapshot(head, context)
        case .stream, .probing, .other:
            collect(head, route, bytesMax: limits.requestBodyBytesMax)
        }
    }

    func collect(_ head: HTTPRequestHead, _ route: PeerRoute, bytesMax: Int) {
        let length = head.headers.first(name: "Content-Length").map { Int($0) ?? .max } ?? 0
        guard length <= bytesMax else { return refuse(head, Self.tooLarge) }
        state = .collecting(head, route, bytesMax: bytesMax)
    }

    static let tooLarge = PeerResponse.failure(413, "request body is too large")
    static let busy = PeerResponse.failure(503, "too many requests are buffered")

    /// The checks that both POST routes share; a sender that passes them is registered.
    func postRefusal(_ head: HTTPRequestHead) -> PeerResponse? {
        if let refusal = transport.methodRefusal(head, .POST) { return refusal }
        if let refusal = transport.compatibilityRefusal(head) { return identified(refusal) }
        transport.registerSender(head)
        return nil
    }

    func identified(_ response: PeerResponse) -> PeerResponse {
        var response = response
        response.headers.add(name: "X-Etcd-Cluster-Id", value: transport.configuration.clusterText)
        return response
    }

    func refuse(_ head: HTTPRequestHead, _ response: PeerResponse) {
        dropBody()
        state = .refusing(head, response)
    }

    func receiveSnapshot(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
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
}
