import Base64
import ConnectionIdentity
import GRPC
import HTTPServices
import NIOCore
import Testing

/// Calls through the JSON gateway over HTTP/1.1.
@Suite struct GatewayTests {
    private let methods = GatewayMethods()

    private func fixture(_ identity: ConnectionIdentity = .plaintext) throws -> HTTPServiceFixture {
        try HTTPServiceFixture(identity: identity, gateway: methods.gateway())
    }

    private static func post(
        _ client: RawClient, _ body: String, _ headers: String = ""
    ) throws {
        try client.send(
            "POST /v3/kv/range HTTP/1.1\r\nHost: x\r\n\(headers)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    private func response(_ body: String, _ headers: String = "") throws -> RawClient.Response {
        let client = try fixture().connect()
        try Self.post(client, body, headers)
        return try client.receive()
    }

    @Test func aRequestIsACallOfTheMethod() throws {
        let client = try fixture().connect()
        // The connection serves one request after the other.
        for _ in 0..<3 {
            try Self.post(client, #"{"key":"Zm9v"} trailing"#)
            let response = try client.receive()
            #expect(response.status == 200)
            #expect(response.body == #"{"kvs":[{"key":"Zm9v"}],"count":"1"}"#)
            #expect(response.header("Content-Type") == "application/json")
            #expect(response.header("Grpc-Metadata-Content-Type") == "application/grpc")
            #expect(response.header("Access-Control-Allow-Origin") == "*")
        }
    }

    @Test(
        arguments: zip(
            1...16,
            [499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401]))
    func aCodeHasItsStatus(code: Int, status: Int) throws {
        let key = String(decoding: Base64.encode(Array("\(code)".utf8)), as: UTF8.self)
        let response = try response(#"{"key":"\#(key)"}"#)
        #expect(response.status == status)
        #expect(response.body == #"{"code":\#(code),"message":"failed: \"\#(code)\""}"#)
        #expect((response.header("Www-Authenticate") != nil) == (code == 16))
        #expect(response.header("Grpc-Metadata-Content-Type") == nil)
    }

    @Test func routesAndMethodsAreChecked() throws {
        let client = try fixture().connect()
        for (method, path, status, body) in [
            ("GET", "/v3/kv/range", 501, #"{"code":12,"message":"Method Not Allowed"}"#),
            ("POST", "/v3/kv/nosuch", 404, #"{"code":5,"message":"Not Found"}"#),
            ("POST", "/v3/kv/range/", 404, #"{"code":5,"message":"Not Found"}"#),
            ("POST", "/v3/", 404, #"{"code":5,"message":"Not Found"}"#),
        ] {
            let response = try client.request(method, path)
            #expect(response.status == status && response.body == body)
            #expect(response.header("Content-Type") == "application/json")
        }
        #expect(try client.request("POST", "/v3beta/kv/range").status == 200)
        let off = try HTTPServiceFixture().connect().request("POST", "/v3/kv/range")
        #expect(off.status == 404 && off.body == "404 page not found\n")
    }

    @Test func onlyItsHeadersShowWhoCalls() throws {
        let alice = CertificateIdentity(commonName: "alice")
        let client = try fixture(.encrypted(alice)).connect()
        try Self.post(client, "{}")
        #expect(try client.receive().status == 200)
        try Self.post(
            client, "{}",
            "Authorization: Bearer a\r\nGrpc-Metadata-Token: b\r\ngrpc-metadata-HasLeader: true\r\n"
                + "Accept: */*\r\nToken: c\r\n")
        #expect(try client.receive().status == 200)
        let calls = methods.calls.withLock { $0 }
        #expect(calls.identities == [.plaintext, .plaintext])
        #expect(
            calls.metadata == [[], ["authorization: Bearer a", "token: b", "hasleader: true"]])
    }

    @Test func aClientThatShowsAUserIsRefused() throws {
        let alice = CertificateIdentity(commonName: "alice")
        let gateway = methods.gateway(refusesCommonNames: true)
        let client = try HTTPServiceFixture(identity: .encrypted(alice), gateway: gateway).connect()
        for (method, path) in [("POST", "/v3/kv/range"), ("OPTIONS", "/v3beta/x")] {
            let refused = try client.request(method, path)
            #expect(refused.status == 400 && refused.body.hasPrefix("CommonName of client sending"))
            #expect(refused.header("Access-Control-Allow-Origin") == nil)
        }
        #expect(try client.request("GET", "/health").status == 200)
        let nobody = CertificateIdentity(commonName: "")
        let other = try HTTPServiceFixture(identity: .encrypted(nobody), gateway: gateway).connect()
        #expect(try other.request("POST", "/v3/kv/range").status == 200)
    }

    @Test func deadlinesAreKept() throws {
        for (timeout, status) in [("100m", 504), ("1n", 504), ("-1S", 504)] {
            let response = try response(#"{"key":"bmV2ZXI="}"#, "Grpc-Timeout: \(timeout)\r\n")
            #expect(response.status == status)
            #expect(response.body == #"{"code":4,"message":"context deadline exceeded"}"#)
        }
        for timeout in ["5x", "S", "abcS", "99999999999999999999S"] {
            let response = try response("{}", "Grpc-Timeout: \(timeout)\r\n")
            #expect(response.status == 400)
            #expect(response.body == #"{"code":3,"message":"invalid grpc-timeout: \#(timeout)"}"#)
        }
        #expect(try response("{}", "Grpc-Timeout: 0S\r\n").status == 200)
        #expect(try response("{}", "Grpc-Timeout: 9999999999H\r\n").status == 200)
    }

    @Test func aBodyIsBounded() throws {
        // The message is limited to 1,000 bytes, its JSON to four times as many.
        let value = String(repeating: "AAAA", count: 400)
        let large = try response(#"{"key":"\#(value)"}"#)
        #expect(large.status == 429)
        #expect(large.body.contains("grpc: received message larger than max (1203 vs. 1000)"))
        let client = try fixture().connect()
        try client.send(
            "POST /v3/kv/range HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        try client.send("fa1\r\n{\"x\":\"" + String(repeating: "x", count: 3_996) + "\r\n")
        #expect(try client.receive().status == 413)
        #expect(try client.isAtEnd())
        #expect(try response("{}", "Expect: 200-ok\r\n").status == 417)
    }

    @Test func aLargeResponseIsSentInParts() throws {
        let client = try fixture().connect()
        try Self.post(client, #"{"key":"bGFyZ2U="}"#)
        var (head, chunks) = try client.receiveChunks(0)
        #expect(head.status == 200 && head.header("Transfer-Encoding") == "chunked")
        repeat { chunks.append(try client.receiveChunk()) } while chunks.last != ""
        #expect(chunks.count > 10)
        let key = String(repeating: "QUFB", count: 33) + "QQ=="
        let pairs = Array(
            repeating: #"{"key":"\#(key)"}"#, count: GatewayMethods.largeCount)
        #expect(chunks.joined() == #"{"kvs":[\#(pairs.joined(separator: ","))]}"#)
        try Self.post(client, "{}")
        #expect(try client.receive().status == 200)
    }
}
