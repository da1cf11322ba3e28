import NIOHTTP1
import Testing

@testable import HTTPServices

@Suite struct RequestParsingTests {
    private func request(_ target: String, host: String = "x") -> HTTPRequest? {
        HTTPRequest(
            HTTPRequestHead(
                version: .http1_1, method: .GET, uri: target, headers: ["Host": host]))
    }

    @Test(arguments: [
        ("example.com", "example.com"), ("example.com:2379", "example.com"), ("[::1]:2379", "::1"),
        ("[::1]", "[::1]"), ("a:b:c", "a:b:c"), ("", ""), ("[", "["), ("[]:", ""), (":1", ""),
    ])
    func theHostNameHasNoPort(host: String, name: String) {
        #expect(request("/", host: host)?.hostName == name)
    }

    @Test func targetsAreParsed() throws {
        let plain = try #require(request("/a%20b?x=1&x=%32&y&bad=%zz&semi;=1&z=a+b&x="))
        #expect(plain.path == "/a b")
        #expect(plain.query.values("x") == ["1", "2"])
        #expect(plain.query.contains("y"))
        #expect(!plain.query.contains("bad"))
        #expect(plain.query.pairs.count == 5)
        #expect(plain.query.first("z") == "a b")
        #expect(request("http://host:1/health?a=b")?.path == "/health")
        #expect(request("http://host")?.path == "/")
        #expect(request("/v3beta/kv/put")?.path == "/v3/kv/put")
        for broken in ["", "*", "health", "/%", "/%4", "http://host?a"] {
            #expect(request(broken) == nil)
        }
    }

    @Test(arguments: [
        ("gzip", "gzip"), ("deflate, gzip", "gzip"), ("gzip;q=0.5", "gzip"), ("", "identity"),
        ("*", "identity"), ("gzip, identity", "identity"), ("identity;q=0.5, gzip", "gzip"),
        ("gzip;q=0", "identity"), ("gzip;q=x", "identity"), (" gzip ; q=1.0", "gzip"),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip"), ("gzip;q=2", "identity"),
    ])
    func theEncodingFollowsAcceptEncoding(header: String, encoding: String) {
        let headers: HTTPHeaders = header.isEmpty ? [:] : ["Accept-Encoding": header]
        #expect(ContentEncoding(accepted: headers).rawValue == encoding)
    }

    @Test func randomTargetsDoNotTrap() {
        var seed: UInt64 = 1
        let alphabet = Array("/%?&=;+4aZ:[]http.\u{e9}".unicodeScalars)
        for _ in 0..<20_000 {
            var target = String.UnicodeScalarView()
            for _ in 0..<12 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                target.append(alphabet[Int((seed >> 33) % UInt64(alphabet.count))])
            }
            let text = String(target)
            _ = request(text, host: text)?.hostName
        }
    }

    @Test func datesHaveTheHTTPFormat() {
        #expect(HTTPDate.text(secondsSince1970: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
}
