internal import GRPC
internal import HTTP2
internal import NIOCore
internal import NIOEmbedded

/// Feeds bytes from a client to a gRPC server connection whose handlers respond. The first byte
/// chooses how the input is split and whether the preface is sent before it.
package func fuzzHTTP2(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first else { return }
    let loop = EmbeddedEventLoop()
    let server = GRPCServer(
        methods: fuzzMethods, configuration: fuzzConfiguration, eventLoops: [loop])
    let channel = EmbeddedChannel(loop: loop)
    do {
        try server.addHandlers(to: channel, identity: .plaintext)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        if choice & 1 == 0 { try channel.writeInbound(ByteBuffer(bytes: http2Preface)) }
        try feed(input.dropFirst(), to: channel, pieceBytes: Int(choice >> 1) + 1)
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
        client.startUnary(path: "/t.T/U", message: [1, 2, 3], timeoutMilliseconds: 5) { _ in }
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
