internal import ConnectionIdentity
internal import NIOCore
internal import NIOTLS
internal import TLS

/// The way of a connection from its acceptance to its first request.
///
/// It reads the first bytes, adds TLS where they ask for it, checks who is on the other side,
/// and opens the protocol; then it passes on what it has read and removes itself. All of this has
/// to happen within the setup timeout. Owned by the channel's event loop.
///
/// - sniffing: waits for enough bytes to distinguish TLS, HTTP/2 and HTTP/1.
/// - greeting: waits for the whole first message of a client of TLS.
/// - preparing: waits for the TLS context; what arrives is kept.
/// - handshaking: the TLS handler before this one does the handshake.
/// - checking: the certificate is compared with the remote address; what arrives is kept.
/// - opening: the protocol is known, its first bytes have not arrived yet.
/// - ended: the protocol is open, or the connection closes.
final class ConnectionSetup: ChannelInboundHandler, RemovableChannelHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case sniffing
        case greeting(bytesMin: Int)
        case preparing
        case handshaking(TLSServerConnection)
        case checking
        case opening(ConnectionProtocol, ConnectionIdentity)
        case ended
    }

    /// Bytes that are kept while something is waited for; a client that sends more is closed.
    private static let keptBytesMax = 256 << 10

    private let configuration: ListenerConfiguration
    private let channel: any Channel
    private let entry: UnfinishedConnections.Entry
    private var state = State.sniffing
    private var received = ByteBuffer()
    private var hello: ClientHello?
    private var context: ChannelHandlerContext?
    private var deadline: Scheduled<Void>?

    init(_ configuration: ListenerConfiguration, _ channel: any Channel) {
        self.configuration = configuration
        self.channel = channel
        entry = configuration.unfinished.add(channel)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        deadline = context.eventLoop.scheduleTask(in: configuration.setupTimeout) {
            self.timedOut()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .ended = state { return context.fireChannelRead(data) }
        keep(unwrapInboundIn(data))
        guard received.readableBytes <= Self.keptBytesMax else { return close() }
        switch state {
        case .sniffing: sniff()
        case .greeting(let bytesMin):
            if received.readableBytes >= bytesMin { readHello() }
        case .opening(let opened, let identity): open(opened, identity)
        case .preparing, .handshaking, .checking, .ended: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .ended = state { context.fireChannelReadComplete() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let name) = event as? TLSUserEvent {
            handshakeCompleted(applicationProtocol: name)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch state {
        case .sniffing where !configuration.servesPlaintext:
            report(TLSRefusal("EOF", isEndOfStream: true))
        case .greeting, .preparing: report(TLSRefusal("unexpected EOF"))
        case .sniffing, .handshaking, .checking, .opening, .ended: break
        }
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .handshaking(let connection):
            refuse(connection.refusal(error, hello: hello, channel: channel))
        case .greeting, .preparing: refuse(TLSRefusal(error, before: channel))
        case .sniffing where !configuration.servesPlaintext:
            refuse(TLSRefusal(error, before: channel))
        case .sniffing, .checking, .opening: close()
        case .ended: context.fireErrorCaught(error)
        }
    }

    private func keep(_ bytes: ByteBuffer) {
        guard received.readableBytes > 0 else { return received = bytes }
        received.writeImmutableBuffer(bytes)
    }

    private func timedOut() {
        if isInHandshake {
            let local = channel.localAddress?.hostAndPort ?? "@"
            report(
                TLSRefusal(
                    "read tcp \(local)->\(remoteAddress): i/o timeout", isEndOfStream: false))
        }
        close()
    }

    /// Whether a handshake has begun, or nothing else than one can come.
    private var isInHandshake: Bool {
        switch state {
        case .sniffing: configuration.tls != nil && !configuration.servesPlaintext
        case .greeting, .preparing, .handshaking, .checking: true
        case .opening, .ended: false
        }
    }

    // MARK: - First bytes and TLS

    private func sniff() {
        guard configuration.servesPlaintext else { return readHello() }
        let kind = FirstBytes.classify(received.readableBytesView)
        switch kind {
        case .undecided: break
        case .http2: open(.http2, .plaintext)
        case .http1: open(.http1, .plaintext)
        case .encrypted, .other:
            if configuration.tls != nil { return readHello() }
            if kind == .encrypted, configuration.closesEncryptedSilently { return close() }
            open(.http1, .plaintext)
        }
    }

    /// Whatever arrives on a port without plaintext is read as a ClientHello.
    private func readHello() {
        switch received.withUnsafeReadableBytes({ ClientHelloArrival.of($0) }) {
        case .incomplete(let bytesMin): state = .greeting(bytesMin: bytesMin)
        case .refused(let refusal, let alert):
            if !alert.isEmpty {
                context?.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: alert)), promise: nil)
            }
            refuse(refusal)
        case .complete(let hello):
            self.hello = hello
            prepare()
        case .other: prepare()
        }
    }

    private func prepare() {
        guard let tls = configuration.tls else { return close() }
        state = .preparing
        tls.connection(on: channel.eventLoop).assumeIsolated().whenComplete {
            result in
            guard case .preparing = self.state else { return }
            switch result {
            case .success(let connection): self.handshake(connection)
            case .failure(let error): self.refuse(Self.refusal(error))
            }
        }
    }

    private func handshake(_ connection: TLSServerConnection) {
        guard let context else { return }
        state = .handshaking(connection)
        let bytes = received
        received = ByteBuffer()
        do {
            try context.pipeline.syncOperations.addHandler(
                connection.handler, position: .before(self))
        } catch {
            return close()
        }
        let pipeline = context.pipeline.syncOperations
        pipeline.fireChannelRead(NIOAny(bytes))
        pipeline.fireChannelReadComplete()
    }

    private func handshakeCompleted(applicationProtocol: String?) {
        guard case .handshaking(let connection) = state else { return }
        let opened: ConnectionProtocol = applicationProtocol == "h2" ? .http2 : .http1
        switch connection.finish(channel) {
        case .failure(let refusal): refuse(refusal)
        case .success(let certificate):
            guard let certificate, let check = configuration.checkCertificate else {
                return established(opened, .encrypted(certificate))
            }
            state = .checking
            check(certificate, channel).hop(to: channel.eventLoop)
                .assumeIsolated().whenComplete { result in
                    guard case .checking = self.state else { return }
                    switch result {
                    case .success: self.established(opened, .encrypted(certificate))
                    case .failure(let error): self.refuse(Self.refusal(error))
                    }
                }
        }
    }

    // MARK: - The protocol

    /// HTTP/1 is opened at once; HTTP/2 with its first bytes, which a client sends without waiting.
    private func established(_ opened: ConnectionProtocol, _ identity: ConnectionIdentity) {
        state = .opening(opened, identity)
        if opened == .http1 || received.readableBytes > 0 { open(opened, identity) }
    }

    private func open(_ opened: ConnectionProtocol, _ identity: ConnectionIdentity) {
        guard let context else { return }
        // A port without HTTP/1 leaves the response to what is no HTTP/2 to that protocol.
        let served =
            configuration.protocols.contains(opened) || identity.isEncrypted
            ? opened : .http2
        guard configuration.protocols.contains(served) else { return close() }
        let bytes = received
        end()
        do {
            try configuration.open(channel, served, identity)
        } catch {
            context.fireErrorCaught(error)
            return context.close(promise: nil)
        }
        if bytes.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(bytes))
            context.fireChannelReadComplete()
        }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    /// Leaves the list of unfinished connections.
    private func end() {
        state = .ended
        received = ByteBuffer()
        hello = nil
        deadline?.cancel()
        deadline = nil
        configuration.unfinished.remove(entry)
    }

    // MARK: - Refusals

    private func refuse(_ refusal: TLSRefusal) {
        report(refusal)
        close()
    }

    private func close() {
        end()
        context?.close(promise: nil)
    }

    private func report(_ refusal: TLSRefusal) {
        configuration.onRefusal(
            RefusedConnection(
                remoteAddress: remoteAddress, serverName: hello?.serverName ?? "",
                refusal: refusal))
    }

    /// Go writes `@` for a unix socket.
    private var remoteAddress: String { channel.remoteAddress?.hostAndPort ?? "@" }

    private static func refusal(_ error: any Error) -> TLSRefusal {
        (error as? TLSRefusal) ?? TLSRefusal("\(error)", isEndOfStream: false)
    }
}
