internal import ConnectionIdentity
internal import GRPC
internal import HTTP2
internal import NIOCore
internal import NIOEmbedded

/// Feeds bytes from a client to a server connection whose handlers respond. The first byte chooses
/// whether the preface is sent before the input, what is served (gRPC, gRPC and other requests,
/// other requests only), and how the input is split.
package func fuzzHTTP2(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first else { return }
    let loop = EmbeddedEventLoop()
    let server = GRPCServer(
        methods: fuzzMethods, configuration: fuzzConfiguration, eventLoops: [loop])
    let channel = EmbeddedChannel(loop: loop)
    do {
        switch choice >> 1 & 3 {
        case 0: try server.addHandlers(to: channel, identity: .plaintext)
        case 1:
            try HTTP2RequestConnection.addHandlers(
                to: channel, handler: FuzzRequests(), configuration: fuzzConfiguration.http2,
                loop: server.loop(for: loop))
        default:
            try server.addHandlers(to: channel, identity: .plaintext, requests: FuzzRequests())
        }
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        if choice & 1 == 0 { try channel.writeInbound(ByteBuffer(bytes: http2Preface)) }
        try feed(input.dropFirst(), to: channel, pieceBytes: Int(choice >> 3) * 8 + 1)
        loop.advanceTime(by: .seconds(30))
        _ = try channel.finish(acceptAlreadyClosed: true)
    } catch {
        // A connection may be refused or closed at any byte.
        _ = error
    }
    loop.run()
}

/// Feeds bytes from a server to a gRPC client connection with open calls.
package func fuzzHTTP2Client(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first else { return }
    let loop = EmbeddedEventLoop()
    let channel = EmbeddedChannel(loop: loop)
    do {
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let client = try GRPCClientConnection(
            channel: channel, loop: HTTP2Loop(eventLoop: loop), authority: "fuzz",
            configuration: GRPCClientConfiguration())
        client.startUnary(path: "/t.T/U", message: [1, 2, 3], timeout: .milliseconds(5)) { _ in }
        let stream = client.openStream(path: "/t.T/S")
        stream.send([4, 5, 6])
        loop.run()
        try feed(input.dropFirst(), to: channel, pieceBytes: Int(choice >> 1) + 1)
        loop.advanceTime(by: .seconds(30))
        _ = try channel.finish(acceptAlreadyClosed: true)
    } catch {
        // A connection may be refused or closed at any byte.
        _ = error
    }
    loop.run()
}

private let http2Preface =
    Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]

private let fuzzConfiguration: GRPCServerConfiguration = {
    var configuration = GRPCServerConfiguration()
    configuration.receiveBytesMax = 100_000
    configuration.http2.streamHighWatermarkBytes = 1000
    configuration.http2.streamLowWatermarkBytes = 100
    configuration.onReadTickComplete = { _ in }
    return configuration
}()

private let fuzzMethods = [
    GRPCMethod(path: "/t.T/U", unary: { call, message in call.respond(message) }),
    GRPCMethod(path: "/t.T/H", unary: { call, _ in call.onClosed = { _ in } }),
    GRPCMethod(
        path: "/t.T/L",
        unary: { call, message in
            call.sendLarge(lengthBytes: 1 + message.count * 1000, source: FuzzSource())
            call.finish()
        }),
    GRPCMethod(path: "/t.T/S", kind: .bidirectional, open: { _ in FuzzHandler() }),
]

/// Responds to each message several times, pauses and resumes, and ends the call on request.
private final class FuzzHandler: GRPCCallHandler {
    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        call.pauseReceiving()
        for _ in 0..<(message.first ?? 0) % 8 { call.send(message) }
        if message.first == 255 { call.finish(GRPCStatus(.aborted, "fuzz")) }
        call.resumeReceiving()
    }
    func receiveHalfClose(on call: GRPCServerCall) { call.finish() }
    func becameWritable(_ call: GRPCServerCall) { call.send([1]) }
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {}
}

/// Returns pieces of one size.
private final class FuzzSource: HTTP2BodySource {
    func read(bytesMax: Int, into buffer: inout ByteBuffer) {
        buffer.writeRepeatingByte(7, count: min(bytesMax, 777))
    }
}

/// Responds to each request with the size of its head, at its head or at its end.
private final class FuzzRequests: HTTP2RequestHandler {
    let headerBytesMax = 300
    let headerFieldsMax = 10

    func reads(_ name: UnsafeRawBufferPointer) -> Bool { name.count < 16 }
    func readsAtAnyPath(_ name: UnsafeRawBufferPointer) -> Bool { name.count < 7 }

    func serve(_ head: HTTP2RequestHead, on stream: HTTP2Stream) -> any HTTP2StreamDelegate {
        FuzzRequest(head, stream)
    }
}

private final class FuzzRequest: HTTP2StreamDelegate {
    private var stream: HTTP2Stream?
    private let headBytes: Int

    init(_ head: HTTP2RequestHead, _ stream: HTTP2Stream) {
        self.stream = stream
        headBytes = head.fields.reduce(head.path.utf8.count) { $0 + $1.value.utf8.count }
        if head.isTooLarge { respond() }
    }

    func streamReceivedHeader(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) -> HTTP2FieldResult { .accepted }
    func streamReceivedHeaders(endOfStream: Bool) {}
    func streamReceivedData(_ bytes: UnsafeRawBufferPointer) {
        if bytes.first == 255 { stream?.reset(.cancel) }
    }
    func streamReceivedEnd() { respond() }
    func streamBecameWritable() {}
    func streamClosed(_ code: HTTP2ErrorCode, connectionLost: Bool) { stream = nil }

    private func respond() {
        stream?.submitHeaders(HTTP2HeaderBlock([(":status", "200")]))
        stream?.write([UInt8](repeating: 7, count: headBytes))
        stream?.finish(trailers: nil)
    }
}

private func feed(
    _ input: Slice<UnsafeRawBufferPointer>, to channel: EmbeddedChannel, pieceBytes: Int
) throws {
    var left = input
    while !left.isEmpty, channel.isActive {
        try channel.writeInbound(ByteBuffer(bytes: left.prefix(pieceBytes)))
        left = left.dropFirst(pieceBytes)
        channel.embeddedEventLoop.run()
        while try channel.readOutbound(as: ByteBuffer.self) != nil {}
    }
}
