import HTTP2
import HTTPServices
import NIOCore
import Testing

/// What is malformed, too large, too slow or too much over HTTP/2.
@Suite struct HTTP2LimitTests {
    private static let ports = [HTTP2Fixture.Port.shared, .http(.client)]

    @Test func bodiesAreSkippedUpToTheirLimit() async throws {
        for kind in Self.ports {
            let client = try await HTTP2Fixture(kind) { $0.bodyBytesMax = 10 }.connect()
            let ten = [UInt8](repeating: 1, count: 10)
            #expect(try await client.request("GET", "/livez", body: ten).status == 200)
            // Announced: refused before the body. The client may still be sending.
            let announced = try await client.open(
                "POST", "/v3/kv/put", [("content-length", "11")]
            ).get()
            #expect(announced.status == 413)
            #expect(announced.body == "413 Payload Too Large")
            let received = try await client.open("POST", "/v3/kv/put") { $0.write(ten + [1]) }.get()
            #expect(received.status == 413)
            // The connection goes on.
            #expect(try await client.get("/livez").body == "ok\n")
        }
    }

    @Test func aClientThatSendsOnAfterItsResponseIsReset() async throws {
        let client = try await HTTP2Fixture { $0.bodyBytesMax = 10 }.connect()
        let refused = try await client.open("POST", "/livez", [("content-length", "11")]).get()
        #expect(refused.status == 413 && refused.resetCode == nil)
        #expect(try await refused.closeCode.get() == HTTP2ErrorCode.noError.rawValue)
        #expect(try await client.get("/livez").status == 200)
    }

    @Test func aBodyHasItsAnnouncedLength() async throws {
        let client = try await HTTP2Fixture().connect()
        let length = [("content-length", "2")]
        #expect(try await client.request("GET", "/livez", length, body: [1, 2]).status == 200)
        for body: [UInt8] in [[], [1], [1, 2, 3]] {
            // nghttp2's client sends what it is given.
            let response = try await client.request("GET", "/livez", length, body: body)
            #expect(response.resetCode == HTTP2ErrorCode.protocolError.rawValue)
        }
    }

    @Test(arguments: [
        ("/%zz", [("x", "y")]), ("livez", [("x", "y")]), ("*", [("x", "y")]),
        ("/livez", [("host", "a"), ("host", "b")]),
        ("/livez", [("content-length", "1"), ("content-length", "2")]),
        ("/livez", [("content-length", "+1")]), ("/livez", [("content-length", "")]),
    ])
    func malformedRequestsAreRefused(path: String, headers: [(String, String)]) async throws {
        for kind in Self.ports {
            let client = try await HTTP2Fixture(kind).connect()
            #expect(try await client.get(path, headers).status == 400)
            #expect(try await client.get("/livez").status == 200)
        }
    }

    @Test func largeHeadsAreRefused() async throws {
        for kind in Self.ports {
            let client = try await HTTP2Fixture(kind) { $0.headerBytesMax = 1000 }.connect()
            let many = (0..<300).map { ("x-\($0)", "1") }
            #expect(try await client.get("/livez", many).status == 431)
            for name in ["x", "authorization"] {
                let long = [(name, String(repeating: "a", count: 1001))]
                #expect(try await client.get("/livez", long).status == 431)
            }
            let allowed = [("x", String(repeating: "a", count: 900))]
            #expect(try await client.get("/livez", allowed).status == 200)
        }
    }

    @Test func unfinishedRequestsAreReset() async throws {
        let fixture = try await HTTP2Fixture { $0.idleTimeout = .milliseconds(50) }
        let client = try await fixture.connect()
        let response = try await client.open("POST", "/v3/kv/put").get()
        #expect(response.resetCode == HTTP2ErrorCode.cancel.rawValue)
        #expect(try await client.get("/livez").status == 200)
    }

    @Test func openRequestsOfAConnectionAreBounded() async throws {
        let fixture = try await HTTP2Fixture()
        let client = try await HTTP2Client(fixture)
        let open = (0..<250).map { _ in client.open("POST", "/livez") }
        let refused = try await client.open("POST", "/livez").get()
        #expect(refused.resetCode == HTTP2ErrorCode.refusedStream.rawValue)
        // A lost connection ends them all.
        try await client.close()
        for request in open { #expect(try await request.get().resetCode != nil) }
        #expect(try await fixture.get("/livez").status == 200)
    }

    @Test func theServerSurvivesRandomHeads() async throws {
        for kind in Self.ports {
            let client = try await HTTP2Fixture(kind).connect()
            var seed: UInt64 = 0x5eed
            let alphabet = Array("/%?&=;+4aZ:[]http.v3,-0".utf8)
            func text() -> String {
                let bytes = (0..<12).map { _ in
                    seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return alphabet[Int((seed >> 33) % UInt64(alphabet.count))]
                }
                return String(decoding: bytes, as: UTF8.self)
            }
            for _ in 0..<200 {
                let headers = ["content-length", "origin", "accept-encoding", "host"].map {
                    ($0, text())
                }
                _ = try await client.request("POST", "/" + text(), headers, body: [1])
            }
            #expect(try await client.get("/livez").body == "ok\n")
        }
    }
}
