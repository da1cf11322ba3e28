import GRPC
import HTTP2
import MonotonicClock
import NIOCore
import ProtobufJSON

/// One request to the gateway, the call that it makes, and the response.
///
/// Guarantees: the request gets one response or is aborted; the end of the request's connection
/// ends the call; what is kept of the request and of the response is bounded; a client that does
/// not read gets no further messages until it does.
///
/// The call starts with the request if that is a stream of messages, else when it is complete.
/// Nothing is sent before a request over HTTP/1 has ended; what is to be sent waits in `lines`,
/// and the call is treated as that of a client that does not read.
///
/// Owned by the connection's event loop.
final class GatewayExchange {
    let gateway: JSONGateway
    let route: GatewayRoute
    let loop: HTTP2Loop
    /// The origin that may read the response.
    private let origin: String?
    private let metadata: Result<GatewayMetadata, GRPCStatus>

    /// Nil once the exchange is over.
    var output: (any HTTPResponseOutput)?
    var call: GRPCServerCall?
    var body: GatewayBody
    /// Whether the request is received completely.
    var hasRequestEnd = false
    /// Whether the call gets no further messages.
    var isRequestEnded = false
    var hasBegun = false
    /// What is sent as soon as the request has ended.
    var lines: [UInt8] = []
    /// The message of a unary response.
    var message: [UInt8] = []
    var large: LargeGatewayResponse?
    /// The status of a call that has ended before its response could be sent.
    var status: GRPCStatus?
    private var isWritableScheduled = false

    init(
        _ gateway: JSONGateway, _ route: GatewayRoute, _ request: HTTPRequest, origin: String?,
        on eventLoop: any EventLoop
    ) {
        self.gateway = gateway
        self.route = route
        self.origin = origin
        loop = gateway.server.loop(for: eventLoop)
        body = GatewayBody(loop: loop)
        metadata = Result { () throws(GRPCStatus) in try GatewayMetadata(request.headers) }
    }

    /// Maximum size of the request body.
    var bodyBytesMax: Int { gateway.bodyBytesMax }

    /// Whether the request may stay open: it is a stream.
    var isOpenEnded: Bool { route.streamsRequests }

    /// The head of the request is received.
    func start(_ output: any HTTPResponseOutput) {
        self.output = output
        if route.streamsRequests, case .success(let metadata) = metadata { openCall(metadata) }
    }

    /// Calls the method. It may respond before this returns.
    private func openCall(_ metadata: GatewayMetadata) {
        gateway.server.openCall(
            route.method.path, metadata: metadata.fields,
            deadline: metadata.timeout.map { loop.now + $0 }, receiver: self,
            on: loop.eventLoop
        ) { call = $0 }
    }

    /// Received a part of the request body.
    func receive(_ bytes: UnsafeRawBufferPointer) {
        guard let output, !isRequestEnded else { return }
        guard body.append(bytes, bytesMax: bodyBytesMax) else {
            cancel()
            return output.send(.malformed(.payloadTooLarge))
        }
        if route.streamsRequests { passMessages() }
    }

    /// The request is received completely.
    func receiveEnd() {
        guard output != nil else { return }
        hasRequestEnd = true
        switch metadata {
        case .failure(let status): fail(status)
        case .success where route.streamsRequests:
            sendHeld()
            passMessages()
        case .success(let metadata): makeCall(metadata)
        }
    }

    /// Makes the call of a request with one message: the first value of its body, or an empty one.
    private func makeCall(_ metadata: GatewayMetadata) {
        do throws(JSONError) {
            let message = try nextMessage() ?? []
            body.clear()
            openCall(metadata)
            call?.receiveInProcess(message)
            call?.streamReceivedEnd()
        } catch {
            fail(GRPCStatus(.invalidArgument, error.message))
        }
    }

    /// Passes the messages of a stream that have arrived to the call while it receives them.
    ///
    /// What is no message ends the requests, as in etcd.
    func passMessages() {
        while let call, !isRequestEnded, call.isReceiving {
            do throws(JSONError) {
                guard let message = try nextMessage() else {
                    if hasRequestEnd { endRequests() }
                    return
                }
                call.receiveInProcess(message)
            } catch {
                endRequests()
            }
        }
    }

    private func endRequests() {
        isRequestEnded = true
        body.clear()
        call?.streamReceivedEnd()
    }

    private func nextMessage() throws(JSONError) -> [UInt8]? {
        try body.next(isEnd: hasRequestEnd) { value throws(JSONError) in
            try gateway.schema.wireBytes(fromJSON: value, of: route.messages.request)
        }
    }

    /// The client reads again. That may be noticed while the call sends: the call learns of it in
    /// the next tick.
    func becameWritable() {
        guard output != nil, !isWritableScheduled else { return }
        isWritableScheduled = true
        loop.eventLoop.assumeIsolated().execute { [self] in
            isWritableScheduled = false
            sendLarge()
            call?.streamBecameWritable()
            passMessages()
        }
    }

    /// The exchange is over: the client has gone, or has its response.
    func cancel() {
        output = nil
        isRequestEnded = true
        body.clear()
        lines = []
        large = nil
        guard let call else { return }
        self.call = nil
        call.streamClosed(.cancel, connectionLost: false)
    }

    /// Adds the headers that every response has.
    func complete(_ response: HTTPResponse) -> HTTPResponse {
        var response = response
        if let origin { response.allowOrigin(origin) }
        return response
    }
}
