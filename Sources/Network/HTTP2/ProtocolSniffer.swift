package import NIOCore

/// Detects by the first bytes of a connection whether it uses HTTP/2 or HTTP/1.1.
///
/// HTTP/2 is detected by its whole preface; the first byte that differs means HTTP/1.1. The handler
/// then replaces itself by the handlers of the protocol and passes them the received bytes. It
/// works on plaintext, also behind TLS, independent of ALPN.
package final class ProtocolSniffer: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer

    /// Adds the handlers of one protocol at the end of the pipeline, synchronously.
    package typealias Configure = (any Channel) throws -> Void

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private var received = ByteBuffer()
    private var isDecided = false
    private let http2: Configure
    private let http1: Configure

    package init(http2: @escaping Configure, http1: @escaping Configure) {
        self.http2 = http2
        self.http1 = http1
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        guard !isDecided else { return context.fireChannelRead(data) }
        received.writeBuffer(&buffer)
        let seen = received.readableBytesView.prefix(Self.preface.count)
        let isPreface = Self.preface.starts(with: seen)
        guard !isPreface || seen.count == Self.preface.count else { return }
        isDecided = true
        decide(context, isHTTP2: isPreface)
    }

    private func decide(_ context: ChannelHandlerContext, isHTTP2: Bool) {
        do {
            try (isHTTP2 ? http2 : http1)(context.channel)
        } catch {
            context.fireErrorCaught(error)
            return context.close(promise: nil)
        }
        let bytes = received
        received = ByteBuffer()
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        if isDecided { context.fireChannelReadComplete() }
    }
}
