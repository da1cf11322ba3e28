import HTTP2
import NIOCore
import NIOPosix

/// A client of one HTTP/2 connection.
final class HTTP2Client: Sendable {
    struct Response: Sendable {
        var status: Int?
        /// Fields of the head; those with the same name are joined with a comma.
        var headers: [String: String] = [:]
        var trailers: [String: String] = [:]
        var bytes: [UInt8] = []
        /// The error code of a stream that was reset before the response was complete.
        var resetCode: UInt32?
        /// The error code with which the stream is closed.
        let closeCode: EventLoopFuture<UInt32>

        var body: String { String(decoding: bytes, as: UTF8.self) }
    }

    private let connection: NIOLoopBound<HTTP2Connection>
    private let channel: any Channel
    /// Keeps the server alive as long as the client.
    private let server: HTTP2Fixture

    init(
        _ server: HTTP2Fixture,
        _ change: @escaping @Sendable (inout HTTP2Configuration) -> Void = { _ in }
    ) async throws {
        self.server = server
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let port = server.port
        // On the event loop, so that the handler is added before the server's SETTINGS are read.
        (channel, connection) = try await loop.flatSubmit {
            ClientBootstrap(group: loop).connect(host: "127.0.0.1", port: port)
                .flatMapThrowing { channel in
                    var configuration = HTTP2Configuration()
                    change(&configuration)
                    let connection = HTTP2Connection(
                        role: .client, configuration: configuration,
                        loop: HTTP2Loop(eventLoop: loop))
                    try channel.pipeline.syncOperations.addHandler(connection)
                    return (channel, NIOLoopBound(connection, eventLoop: loop))
                }
        }.get()
    }

    deinit { channel.close(promise: nil) }

    func close() async throws { try await channel.close().get() }

    func get(_ path: String, _ headers: [(String, String)] = []) async throws -> Response {
        try await request("GET", path, headers)
    }

    /// Sends a request and waits for its response.
    func request(
        _ method: String, _ path: String, _ headers: [(String, String)] = [], body: [UInt8] = []
    ) async throws -> Response {
        try await open(method, path, headers) { stream in
            if !body.isEmpty { stream.write(body) }
            stream.finish(trailers: nil)
        }.get()
    }

    /// Sends the head of a request; `send` sends the rest, or a part of it.
    func open(
        _ method: String, _ path: String, _ headers: [(String, String)] = [],
        authority: String? = "127.0.0.1:2379",
        _ send: @escaping @Sendable (HTTP2Stream) -> Void = { _ in }
    ) -> EventLoopFuture<Response> {
        channel.eventLoop.flatSubmit { [self] in
            let exchange = Exchange(channel.eventLoop)
            let head = [(":method", method), (":scheme", "http"), (":path", path)]
            let host = authority.map { [(":authority", $0)] } ?? []
            do {
                let stream = try connection.value.openStream(
                    headers: HTTP2HeaderBlock(head + host + headers), delegate: exchange)
                send(stream)
            } catch {
                exchange.fail(error)
            }
            // The client lives until the response has arrived.
            return exchange.response.futureResult.always { _ in withExtendedLifetime(self) {} }
        }
    }
}

/// Collects the response of one stream.
private final class Exchange: HTTP2StreamDelegate {
    let response: EventLoopPromise<HTTP2Client.Response>
    private let closeCode: EventLoopPromise<UInt32>
    private var received: HTTP2Client.Response
    private var hasHead = false
    private var isComplete = false

    init(_ eventLoop: any EventLoop) {
        response = eventLoop.makePromise()
        closeCode = eventLoop.makePromise()
        received = HTTP2Client.Response(closeCode: closeCode.futureResult)
    }

    func fail(_ error: any Error) {
        response.fail(error)
        closeCode.fail(error)
    }

    func streamReceivedHeader(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) -> HTTP2FieldResult {
        let name = String(decoding: name, as: UTF8.self)
        let value = String(decoding: value, as: UTF8.self)
        if name == ":status" {
            received.status = Int(value)
        } else if hasHead {
            received.trailers[name] = value
        } else {
            received.headers[name] = received.headers[name].map { $0 + "," + value } ?? value
        }
        return .accepted
    }

    func streamReceivedHeaders(endOfStream: Bool) { hasHead = true }
    func streamReceivedData(_ bytes: UnsafeRawBufferPointer) { received.bytes += bytes }

    func streamReceivedEnd() {
        isComplete = true
        response.succeed(received)
    }

    func streamBecameWritable() {}

    func streamClosed(_ code: HTTP2ErrorCode, connectionLost: Bool) {
        closeCode.succeed(code.rawValue)
        guard !isComplete else { return }
        received.resetCode = code.rawValue
        response.succeed(received)
    }
}
