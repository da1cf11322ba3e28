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

    enum State {
        case idle
        case collecting(HTTPRequestHead, PeerRoute, bytesMax: Int)
        case receiving(HTTPRequestHead, SnapshotReceiver)
        case refusing(HTTPRequestHead, PeerResponse)
        case responding(HTTPRequestHead)
        case streaming(OutgoingStream)
        case lingering
        case closed
    }

    let transport: PeerTransport
    let timeoutHandler: ConnectionTimeoutHandler
    let requestHandler: PeerRequestHandler
    var state = State.idle
    var body = ByteBuffer()
    var discardedBytes = 0
    var isReadHeld = false
    /// Bytes of the current request that are counted in `bufferedRequests`.
    var buffered = BufferedRequests.Share()
    /// What the connection uses its event loop for.
    var use: PeerLoopTable.Use?
    var hasServed = false
    var endReason = PeerConnectionError.closed.description

    /// Bytes of a refused request that are read so that the client reads the response; as in Go.
    static let discardedBytesMax = 256 << 10
    /// Time for the client to read a response before the connection is closed; as in Go.
    static let lingerTime = TimeAmount.milliseconds(500)

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
            receive(chunk, head, receiver, context)
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

    func awaitResponse(_ head: HTTPRequestHead) {
        state = .responding(head)
        timeoutHandler.expectsInput = false
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

    func resumeReading(_ context: ChannelHandlerContext) {
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
