import NIOCore
import NIOTLS
import TLS

/// Waits for the handshake of an outgoing connection. Until it is complete, errors are the reason
/// why there is no connection; later ones pass.
final class HandshakeWait: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let tls: TLSClientConnection
    private let ready: EventLoopPromise<Void>
    private var isComplete = false

    init(_ tls: TLSClientConnection, _ ready: EventLoopPromise<Void>) {
        self.tls = tls
        self.ready = ready
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent, !isComplete {
            isComplete = true
            ready.succeed()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isComplete else { return context.fireErrorCaught(error) }
        fail(NetworkErrorText.failure(error, tls: tls, channel: context.channel))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isComplete { fail(.closed) }
        context.fireChannelInactive()
    }

    private func fail(_ error: PeerConnectionError) {
        isComplete = true
        ready.fail(error)
    }
}
