import NIOCore
import NIOHTTP1
import TLS

/// Receives the response to one request. Called on the connection's event loop; no calls after
/// `ended` or `failed`.
protocol ResponseReceiver: AnyObject {
    func receive(_ head: HTTPResponseHead)
    func receive(_ body: ByteBuffer)
    /// All bytes of one socket read have been delivered.
    func readCompleted()
    /// The response is complete.
    func ended()
    func failed(_ error: PeerConnectionError)
    /// The connection accepts more of the request's body.
    func becameWritable()
}

extension ResponseReceiver {
    func readCompleted() {}
    func becameWritable() {}
}

/// One HTTP/1.1 connection to another member: one exchange at a time.
///
/// - idle: connected, may be used for an exchange.
/// - exchanging: a request is being written, or its response is pending or being read.
/// - closed: unusable.
final class OutgoingConnection: ChannelInboundHandler, @unchecked Sendable {
    // Owned by its channel's event loop.
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        case idle
        case exchanging(any ResponseReceiver)
        case closed
    }

    let url: PeerURL
    /// nil if the connection is not encrypted.
    private let tls: TLSClientConnection?
    private var state = State.idle
    private var context: ChannelHandlerContext?
    private var isRequestComplete = false
    private var staysOpen = true
    /// When the last exchange ended.
    private(set) var idleSince = NIODeadline.now()
    /// Called once when an idle connection is closed.
    var onIdleEnd: (() -> Void)?

    init(url: PeerURL, tls: TLSClientConnection? = nil) {
        self.url = url
        self.tls = tls
    }

    var isUsable: Bool {
        if case .idle = state { return context?.channel.isActive ?? false }
        return false
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Begins a request. `isComplete` if no body follows.
    func begin(_ head: HTTPRequestHead, isComplete: Bool, receiver: any ResponseReceiver) {
        guard case .idle = state, let context else {
            return receiver.failed(.closed)
        }
        state = .exchanging(receiver)
        isRequestComplete = false
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if isComplete {
            endRequest()
        }
    }

    /// Writes a chunk of the request's body.
    func write(_ body: ByteBuffer) {
        guard case .exchanging = state, let context else { return }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }

    func endRequest() {
        guard case .exchanging = state, let context else { return }
        isRequestComplete = true
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Closes the connection; an exchange in progress fails with the error.
    func close(_ error: PeerConnectionError) {
        fail(error)
        context?.close(promise: nil)
    }

    private func fail(_ error: PeerConnectionError) {
        let before = state
        state = .closed
        switch before {
        case .exchanging(let receiver): receiver.failed(error)
        case .idle:
            onIdleEnd?()
            onIdleEnd = nil
        case .closed: break
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let receiver: any ResponseReceiver
        switch state {
        case .exchanging(let current): receiver = current
        // Bytes without a request.
        case .idle: return close(.malformedResponse("unsolicited"))
        // An encrypted connection may receive more while it closes.
        case .closed: return
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            staysOpen = head.isKeepAlive
            receiver.receive(head)
        case .body(let body): receiver.receive(body)
        case .end:
            let reusable = staysOpen && isRequestComplete
            state = reusable ? .idle : .closed
            idleSince = .now()
            receiver.ended()
            if !reusable { context.close(promise: nil) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .exchanging(let receiver) = state { receiver.readCompleted() }
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .exchanging(let receiver) = state, context.channel.isWritable {
            receiver.becameWritable()
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.closed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as PeerConnectionError: close(error)
        case let error as HTTPParserError: close(.malformedResponse("\(error)"))
        default: close(NetworkErrorText.failure(error, tls: tls, channel: context.channel))
        }
    }
}
