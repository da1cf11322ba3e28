package import NIOCore
internal import NIOTLS

/// Why a connection that this side opened did not get through its handshake; the text is Go's.
package struct TLSHandshakeError: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension TLSClientConnection {
    /// Adds TLS to a channel that is not connected yet.
    ///
    /// - Returns: succeeds when the handshake is complete, fails with `TLSHandshakeError`. Bytes
    ///   written before are kept and sent after it.
    package func add(to channel: any Channel) throws -> EventLoopFuture<Void> {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(handler)
        try pipeline.addHandler(TLSClientHandshake(promise) { self.text(of: $0, channel: $1) })
        return promise.futureResult
    }
}

/// Completes a promise at the end of the handshake, then removes itself.
private final class TLSClientHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private var promise: EventLoopPromise<Void>?
    private let text: (any Error, any Channel) -> String

    init(
        _ promise: EventLoopPromise<Void>, text: @escaping (any Error, any Channel) -> String
    ) {
        self.promise = promise
        self.text = text
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { complete(.success(())) }
        context.fireUserInboundEventTriggered(event)
        if promise == nil {
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard promise != nil else { return context.fireErrorCaught(error) }
        let failure = TLSHandshakeError(text(error, context.channel))
        complete(.failure(failure))
        context.fireErrorCaught(failure)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        complete(.failure(TLSHandshakeError("EOF")))
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        complete(.failure(TLSHandshakeError("EOF")))
    }

    private func complete(_ result: Result<Void, TLSHandshakeError>) {
        promise?.completeWith(result.mapError { $0 as any Error })
        promise = nil
    }
}
