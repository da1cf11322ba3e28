import HTTP2
import Testing

/// Responds with the head and the body of each request as text.
final class EchoRequests: HTTP2RequestHandler {
    let headerBytesMax = 100
    let headerFieldsMax = 5

    func reads(_ name: UnsafeRawBufferPointer) -> Bool { !name.elementsEqual("x-dropped".utf8) }
    func readsAtAnyPath(_ name: UnsafeRawBufferPointer) -> Bool {
        name.elementsEqual("origin".utf8)
    }

    func serve(_ head: HTTP2RequestHead, on stream: HTTP2Stream) -> any HTTP2StreamDelegate {
        EchoRequest(head, stream)
    }
}

private final class EchoRequest: HTTP2StreamDelegate {
    private var stream: HTTP2Stream?
    private var text: String

    init(_ head: HTTP2RequestHead, _ stream: HTTP2Stream) {
        self.stream = stream
        text = "\(head.method) \(head.path) \(head.authority ?? "none")"
        if head.isTooLarge { text += " too large" }
        for field in head.fields { text += " \(field.name)=\(field.value)" }
    }

    func streamReceivedHeader(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) -> HTTP2FieldResult { .accepted }
    func streamReceivedHeaders(endOfStream: Bool) {}
    func streamReceivedData(_ bytes: UnsafeRawBufferPointer) {
        text += " body=" + String(decoding: bytes, as: UTF8.self)
    }
    func streamReceivedEnd() {
        stream?.submitHeaders(HTTP2HeaderBlock([(":status", "200")]))
        stream?.write(Array(text.utf8))
        stream?.finish(trailers: nil)
    }
    func streamBecameWritable() {}
    func streamClosed(_ code: HTTP2ErrorCode, connectionLost: Bool) { stream = nil }
}

/// Requests that are not calls, on a connection that also serves gRPC.
@Suite struct HandOverTests {
    private let decoder = HeaderDecoder()

    private func open(_ server: RawServer) throws -> RawConnection {
        let connection = try #require(RawConnection(port: server.listener.localAddress?.port ?? 0))
        connection.send(RawConnection.preface + RawFrame.settings.bytes)
        return connection
    }

    /// Sends a request and returns the text of its response.
    private func text(
        _ connection: RawConnection, stream: UInt32, _ fields: [(String, String)], body: [UInt8]?
    ) throws -> String {
        connection.send(
            RawFrame(
                type: 1, flags: body == nil ? 5 : 4, stream: stream, payload: headerBlock(fields)))
        if let body {
            connection.send(RawFrame(type: 0, flags: 1, stream: stream, payload: body))
        }
        let head = try #require(connection.next(type: 1))
        #expect(decoder.fields(head.payload)[":status"] == "200" && head.stream == stream)
        let data = try #require(connection.next(type: 0))
        #expect(data.flags == 1)
        return String(decoding: data.payload, as: UTF8.self)
    }

    private let request = [
        (":authority", "a:1"), (":method", "GET"), (":scheme", "http"), (":path", "/p?q"),
    ]

    @Test func aRequestHasItsHeadAndBody() async throws {
        let server = try await RawServer.start(requests: { EchoRequests() })
        let connection = try open(server)
        let more = [("x-a", "1"), ("x-dropped", "2"), ("content-type", "text/x"), ("x-a", "3")]
        #expect(
            try text(connection, stream: 1, request + more, body: nil)
                == "GET /p?q a:1 x-a=1 x-a=3 content-type=text/x")
        // Nothing is left of the request before.
        #expect(
            try text(connection, stream: 3, Array(request.dropFirst()), body: Array("b".utf8))
                == "GET /p?q none body=b")
        let other = [(":authority", "b:1")] + request.dropFirst() + [("host", "c")]
        #expect(try text(connection, stream: 5, other, body: nil) == "GET /p?q b:1 host=c")
        try await server.stop()
    }

    @Test func callsLeaveNothingToTheNextRequest() async throws {
        let server = try await RawServer.start(requests: { EchoRequests() })
        let connection = try open(server)
        let call = [
            (":method", "POST"), (":scheme", "http"), (":path", "/t.T/U"), (":authority", "a:1"),
            ("content-type", "application/grpc"), ("origin", "o"), ("x-a", "1"),
        ]
        connection.send(RawFrame(type: 1, flags: 4, stream: 1, payload: headerBlock(call)))
        connection.send(RawFrame(type: 0, flags: 1, stream: 1, payload: [0, 0, 0, 0, 1, 7]))
        _ = decoder.fields(try #require(connection.next(type: 1)).payload)
        #expect(connection.next(type: 0)?.payload == [0, 0, 0, 0, 1, 7])
        let trailers = decoder.fields(try #require(connection.next(type: 1)).payload)
        #expect(trailers["grpc-status"] == "0")
        #expect(try text(connection, stream: 3, request, body: nil) == "GET /p?q a:1")
        // At the path of a method only what is read at any path is kept.
        let plain = call.filter { $0.0 != "content-type" }
        #expect(try text(connection, stream: 5, plain, body: nil) == "POST /t.T/U a:1 origin=o")
        try await server.stop()
    }

    @Test func headsAreBounded() async throws {
        let server = try await RawServer.start(requests: { EchoRequests() })
        let connection = try open(server)
        let long = [("x-a", String(repeating: "a", count: 98)), ("x-b", "")]
        #expect(
            try text(connection, stream: 1, request + long, body: nil)
                == "GET /p?q a:1 too large")
        let many = (0..<6).map { ("x-dropped", "\($0)") }
        #expect(
            try text(connection, stream: 3, request + many, body: nil)
                == "GET /p?q a:1 too large")
        #expect(try text(connection, stream: 5, request, body: nil) == "GET /p?q a:1")
        try await server.stop()
    }

    @Test(arguments: [":method", ":path"])
    func aRequestWithoutMethodOrPathIsReset(name: String) async throws {
        let server = try await RawServer.start(requests: { EchoRequests() })
        let connection = try open(server)
        let fields = request.filter { $0.0 != name }
        connection.send(RawFrame(type: 1, flags: 5, stream: 1, payload: headerBlock(fields)))
        #expect(connection.next(type: 3)?.payload == [0, 0, 0, 1])
        #expect(try text(connection, stream: 3, request, body: nil) == "GET /p?q a:1")
        try await server.stop()
    }
}
