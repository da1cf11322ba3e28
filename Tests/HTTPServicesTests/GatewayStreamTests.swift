import HTTPServices
import NIOCore
import Testing

/// Streams through the JSON gateway.
@Suite struct GatewayStreamTests {
    private let methods = GatewayMethods()

    private func watch(_ body: String, of fixture: HTTPServiceFixture) throws -> RawClient {
        let client = try fixture.connect()
        try client.send(
            "POST /v3/watch HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        return client
    }

    private func watch(_ body: String) throws -> RawClient {
        try watch(body, of: HTTPServiceFixture(gateway: methods.gateway()))
    }

    /// Waits until `count` of the calls have begun or ended.
    private func wait(
        _ count: Int, _ counted: @Sendable (GatewayMethods.Calls) -> Int
    ) async throws {
        for _ in 0..<6000 where methods.calls.withLock({ counted($0) }) < count {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(methods.calls.withLock { counted($0) } == count)
    }

    @Test func eachMessageIsALine() throws {
        let client = try watch(#"{"create_request":{}} {"createRequest":{}}"#)
        let (head, chunks) = try client.receiveChunks(2)
        #expect(head.status == 200)
        #expect(head.header("Content-Type") == "application/json")
        #expect(head.header("Grpc-Metadata-Content-Type") == "application/grpc")
        #expect(
            chunks == [
                "{\"result\":{\"watch_id\":\"1\"}}\n", "{\"result\":{\"watch_id\":\"2\"}}\n",
            ])
    }

    @Test func theEndOfTheConnectionEndsTheCall() async throws {
        let fixture = try HTTPServiceFixture(gateway: methods.gateway())
        do {
            let client = try watch(#"{"create_request":{}}"#, of: fixture)
            _ = try client.receiveChunks(1)
            #expect(methods.calls.withLock { $0.closed.isEmpty })
        }
        try await wait(1) { $0.closed.count }
        // Before anything was sent.
        do {
            let client = try watch("", of: fixture)
            try await wait(2) { $0.opened }
            #expect(methods.calls.withLock { $0.closed.count } == 1)
            withExtendedLifetime(client) {}
        }
        try await wait(2) { $0.closed.count }
    }

    @Test func anErrorBeforeTheFirstMessageIsTheStatus() throws {
        let client = try watch(#"{"create_request":{"key":"MDc="}}"#)
        let (head, chunks) = try client.receiveChunks(2)
        #expect(head.status == 403)
        #expect(head.header("Grpc-Metadata-Content-Type") == nil)
        #expect(chunks == ["{\"error\":{\"code\":7,\"message\":\"failed\"}}\n", ""])
        // The connection is good for further requests.
        #expect(try client.request("GET", "/health").status == 200)
    }

    @Test func anErrorAfterAMessageIsALine() throws {
        let client = try watch(#"{"create_request":{}}{"create_request":{"key":"MDc="}}"#)
        let (head, chunks) = try client.receiveChunks(3)
        #expect(head.status == 200)
        #expect(
            chunks == [
                "{\"result\":{\"watch_id\":\"1\"}}\n",
                "{\"error\":{\"code\":7,\"message\":\"failed\"}}\n", "",
            ])
    }

    @Test func aClientThatDoesNotReadGetsNoMore() async throws {
        let client = try watch(#"{"create_request":{"key":"Zmxvb2Q="}}"#)
        var sent = 0
        for _ in 0..<100 {
            try await Task.sleep(for: .milliseconds(20))
            let now = methods.calls.withLock { $0.sent }
            if now > 0, now == sent { break }
            sent = now
        }
        // What sockets hold, and little more.
        #expect(sent < 2_000)
        let (_, chunks) = try client.receiveChunks(sent + 500)
        #expect(chunks.last?.contains("\"watch_id\":\"\(sent + 500)\"") == true)
    }

    @Test func overHTTP2ResponsesComeWhileTheRequestIsOpen() async throws {
        let fixture = try await HTTP2Fixture(methods: methods.methods)
        let client = try await fixture.connect()
        let open = client.open("POST", "/v3/watch") { stream in
            stream.write(Array(#"{"create_request":{}}"#.utf8))
        }
        for _ in 0..<6000 where methods.calls.withLock({ $0.sent }) == 0 {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(methods.calls.withLock { $0.sent } == 1)
        try await client.close()
        #expect(try await open.get().body == "{\"result\":{\"watch_id\":\"1\"}}\n")
        try await wait(1) { $0.closed.count }
    }

    @Test func overHTTP2OneRequestHasOneResponse() async throws {
        let client = try await HTTP2Fixture(methods: methods.methods).connect()
        let body = Array(#"{"key":"Zm9v"}"#.utf8)
        let found = try await client.request("POST", "/v3/kv/range", body: body)
        #expect(found.status == 200 && found.body == #"{"kvs":[{"key":"Zm9v"}],"count":"1"}"#)
        #expect(found.headers["content-type"] == "application/json")
        let late = try await client.request(
            "POST", "/v3/kv/range", [("grpc-timeout", "50m")],
            body: Array(#"{"key":"bmV2ZXI="}"#.utf8))
        #expect(late.status == 504)
        let large = try await client.request(
            "POST", "/v3/kv/range", body: Array(#"{"key":"bGFyZ2U="}"#.utf8))
        #expect(large.bytes.count > GatewayMethods.largeCount * 136)
        let failed = try await client.request(
            "POST", "/v3/watch", body: Array(#"{"create_request":{"key":"MDc="}}"#.utf8))
        #expect(failed.status == 403)
        #expect(failed.body == "{\"error\":{\"code\":7,\"message\":\"failed\"}}\n")
    }
}
