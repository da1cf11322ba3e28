import HTTPServices
import Testing

@Suite struct HTTPConnectionTests {
    @Test func aConnectionServesManyRequests() throws {
        let fixture = try HTTPServiceFixture()
        let client = try fixture.connect()
        for _ in 0..<3 { #expect(try client.request("GET", "/livez").body == "ok\n") }
        let head = try client.request("HEAD", "/metrics")
        #expect(head.status == 200)
        let last = try client.request("GET", "/livez", headers: "Connection: close\r\n")
        #expect(last.header("Connection") == "close")
        #expect(try client.isAtEnd())
    }

    @Test func pipelinedResponsesAreInOrder() throws {
        let client = try HTTPServiceFixture().connect()
        let heads = ["/livez", "/version", "/nowhere", "/metrics"].map {
            "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n"
        }
        try client.send(heads.joined())
        #expect(try client.receive().body == "ok\n")
        #expect(try client.receive().body.hasPrefix("{\"etcdserver\""))
        #expect(try client.receive().status == 404)
        #expect(try client.receive().body.hasPrefix("# HELP"))
    }

    @Test func pipelinedScrapesOfASlowReaderAllArrive() throws {
        let client = try HTTPServiceFixture().connect()
        try client.send(
            String(repeating: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", count: 200))
        for _ in 0..<200 { #expect(try client.receive().status == 200) }
    }

    @Test func http10ClientsAreServedOnce() throws {
        let client = try HTTPServiceFixture().connect()
        try client.send("GET /livez HTTP/1.0\r\n\r\n")
        #expect(try client.receive().body == "ok\n")
        #expect(try client.isAtEnd())
    }

    @Test func bodiesAreSkippedUpToTheirLimit() throws {
        let fixture = try HTTPServiceFixture { $0.bodyBytesMax = 10 }
        let client = try fixture.connect()
        try client.send(
            "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789")
        #expect(try client.receive().status == 200)
        let known = try fixture.connect()
        try known.send("POST /v3/kv/put HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")
        #expect(try known.receive().status == 413)
        #expect(try known.isAtEnd())
        let chunked = try fixture.connect()
        try chunked.send(
            "POST /v3/kv/put HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "b\r\n0123456789a\r\n")
        #expect(try chunked.receive().status == 413)
    }

    @Test(arguments: [
        ("GET /livez HTTP/1.1\r\n\r\n", 400),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET livez HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("\u{1}\u{2}\u{3}\r\n\r\n", 400),
    ])
    func malformedRequestsEndTheConnection(text: String, status: Int) throws {
        let client = try HTTPServiceFixture().connect()
        try client.send(text)
        #expect(try client.receive().status == status)
        #expect(try client.isAtEnd())
    }

    @Test func tooManyHeadersAreRefused() throws {
        let fixture = try HTTPServiceFixture()
        let client = try fixture.connect()
        let headers = (0..<300).map { "X-\($0): 1\r\n" }.joined()
        try client.send("GET /livez HTTP/1.1\r\nHost: x\r\n\(headers)\r\n")
        #expect(try client.receive().status == 431)
        let long = try fixture.connect()
        try long.send(
            "GET /livez HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 100_000))\r\n\r\n"
        )
        #expect(try long.receive().status == 431)
    }

    @Test func silentConnectionsAreClosed() throws {
        let fixture = try HTTPServiceFixture { $0.idleTimeout = .milliseconds(50) }
        #expect(try fixture.connect().isAtEnd())
        let half = try fixture.connect()
        try half.send("POST /v3/kv/put HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        #expect(try half.isAtEnd())
    }

    @Test func theServerSurvivesRandomBytes() throws {
        let fixture = try HTTPServiceFixture()
        var seed: UInt64 = 0x5eed
        for _ in 0..<200 {
            var bytes = Array("GET /health?a=%41&b HTTP/1.1\r\nHost: [::1]:1\r\n\r\n".utf8)
            for _ in 0..<4 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int((seed >> 33) % UInt64(bytes.count))] = UInt8(
                    truncatingIfNeeded: seed >> 20)
            }
            try fixture.connect().send(bytes)
        }
        #expect(try fixture.get("/livez").body == "ok\n")
    }
}
