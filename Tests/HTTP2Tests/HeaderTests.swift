import GRPC
import NIOCore
import Testing

private let usual: [(String, String)] = [
    (":method", "POST"), (":scheme", "http"), (":path", "/t.T/U"), (":authority", "t"),
    ("content-type", "application/grpc"), ("te", "trailers"),
]
private let message: [UInt8] = [0, 0, 0, 0, 2, 7, 8]

/// Handling of request header fields, as in grpc-go on Go's HTTP/2.
@Suite struct HeaderTests {
    private func open(_ server: RawServer) throws -> RawConnection {
        let connection = try #require(RawConnection(port: server.listener.localAddress?.port ?? 0))
        connection.send(RawConnection.preface + RawFrame.settings.bytes)
        return connection
    }

    private func send(
        _ connection: RawConnection, stream: UInt32, block: [UInt8], frameBytes: Int = 16_384
    ) {
        var start = 0
        repeat {
            let end = min(start + frameBytes, block.count)
            connection.send(
                RawFrame(
                    type: start == 0 ? 1 : 9, flags: end == block.count ? 4 : 0, stream: stream,
                    payload: Array(block[start..<end])))
            start = end
        } while start < block.count
        connection.send(RawFrame(type: 0, flags: 1, stream: stream, payload: message))
    }

    private func replacing(_ name: String, _ values: String...) -> [(String, String)] {
        usual.flatMap { field in
            field.0 == name ? values.map { (name, $0) } : [field]
        }
    }

    @Test(arguments: [
        ("application/grpc", "application/grpc"),
        ("application/grpc+proto", "application/grpc+proto"),
        ("application/grpc;proto", "application/grpc+proto"),
        ("application/grpc+", "application/grpc"),
    ])
    func contentTypeIsEchoed(_ requested: String, _ returned: String) async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        let decoder = HeaderDecoder()
        send(connection, stream: 1, block: headerBlock(replacing("content-type", requested)))
        let head = decoder.fields(try #require(connection.next(type: 1)).payload)
        #expect(head == [":status": "200", "content-type": returned])
        #expect(
            decoder.fields(try #require(connection.next(type: 1)).payload)["grpc-status"] == "0")
        let unknown = replacing("content-type", requested).map { name, value in
            name == ":path" ? (name, "/t.T/Nope") : (name, value)
        }
        send(connection, stream: 3, block: headerBlock(unknown))
        let refusal = decoder.fields(try #require(connection.next(type: 1)).payload)
        #expect(refusal["content-type"] == returned && refusal["grpc-status"] == "12")
        try await server.stop()
    }

    @Test func malformedFieldsAreRefusedWithTheTextsOfGo() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        let decoder = HeaderDecoder()
        let binary = "malformed binary metadata"
        let base64 = "illegal base64 data at input byte"
        let cases: [([(String, String)], String, String, String)] = [
            (
                usual + [("host", "a"), ("host", "b")], "400", "13",
                "num values of :authority: 1, num values of host: 2, both must only have 1 value"
                    + " as per HTTP/2 spec"
            ),
            (
                usual + [("x-bin", "a*cd")], "400", "13",
                "\(binary) \"a*cd\" in header \"x-bin\": \(base64) 1"
            ),
            (
                usual + [("grpc-timeout", "x"), ("x-bin", "abcde")], "400", "13",
                "\(binary) \"abcde\" in header \"x-bin\": \(base64) 4"
            ),
            (
                replacing("content-type", "text/html"), "415", "3",
                "invalid gRPC request content-type \"text/html\""
            ),
            (
                replacing(":method"), "405", "13",
                "Received a HEADERS frame with :method \"\" which should be POST"
            ),
        ]
        var stream: UInt32 = 1
        for (fields, status, code, text) in cases {
            send(connection, stream: stream, block: headerBlock(fields))
            let response = decoder.fields(try #require(connection.next(type: 1)).payload)
            #expect(response[":status"] == status && response["grpc-status"] == code)
            #expect(response["grpc-message"] == text)
            stream += 2
        }
        for value in ["", "YQ", "YQ==", "YWI=", "YWJj"] {
            send(connection, stream: stream, block: headerBlock(usual + [("x-bin", value)]))
            let response = decoder.fields(try #require(connection.next(type: 1)).payload)
            #expect(response["grpc-status"] == nil && response[":status"] == "200")
            #expect(connection.next(type: 0) != nil)
            _ = decoder.fields(try #require(connection.next(type: 1)).payload)
            stream += 2
        }
        try await server.stop()
    }

    /// A literal field, added to the dynamic table or not.
    private func literal(_ name: String, _ value: String, entersTable: Bool) -> [UInt8] {
        var bytes = headerBlock([(name, value)])
        if entersTable { bytes[0] = 0x40 }
        return bytes
    }

    /// Shortened strings must not change the server's dynamic table.
    @Test(arguments: [16_384, 9_000])
    func theTableIsNotChangedByShortenedStrings(frameBytes: Int) async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        let decoder = HeaderDecoder()
        let path = replacing(":path", "/t.T/M")
        let long = String(repeating: "v", count: 70_000)
        let newest: [UInt8] = [0x80 | 62]
        func value(_ stream: UInt32, _ fields: [UInt8]) throws -> String {
            send(
                connection, stream: stream, block: headerBlock(path) + fields,
                frameBytes: frameBytes)
            _ = decoder.fields(try #require(connection.next(type: 1)).payload)
            let data = try #require(connection.next(type: 0))
            _ = decoder.fields(try #require(connection.next(type: 1)).payload)
            return String(decoding: data.payload.dropFirst(5), as: UTF8.self)
        }
        #expect(try value(1, literal("x-a", "one", entersTable: true)) == "one")
        #expect(try value(3, newest) == "one")
        #expect(try value(5, literal("x-long", long, entersTable: false) + newest) == "one")
        #expect(try value(7, literal(long, "value", entersTable: false) + newest) == "one")
        let emptied = literal("x-long", long, entersTable: true)
        let two = literal("x-a", "two", entersTable: true)
        #expect(try value(9, emptied + two) == "two")
        #expect(try value(11, newest) == "two")
        // There is no entry after the newest one: neither the long one nor those it evicted.
        send(connection, stream: 13, block: headerBlock(path) + [0x80 | 63])
        #expect(connection.next(type: 7)?.payload[4..<8] == [0, 0, 0, 9])
        try await server.stop()
    }

    @Test func keptHeadersOfAllStreamsAreBounded() async throws {
        let server = try await RawServer.start { $0.http2.keptHeaderBytesMax = 130_000 }
        let connection = try open(server)
        let big = headerBlock(
            replacing(":path", "/t.T/H")
                + [("x-a", String(repeating: "v", count: 60_000))])
        send(connection, stream: 1, block: big)
        send(connection, stream: 3, block: big)
        send(connection, stream: 5, block: big)
        #expect(connection.next(type: 3).map { [$0.stream, UInt32($0.payload[3])] } == [5, 11])
        connection.send(RawFrame(type: 3, stream: 1, payload: [0, 0, 0, 8]))
        send(connection, stream: 7, block: big)
        send(connection, stream: 9, block: headerBlock(usual))
        #expect(connection.next(type: 0)?.stream == 9)
        try await server.stop()
    }
}
