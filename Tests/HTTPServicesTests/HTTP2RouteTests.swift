import Gzip
import HTTPServices
import Testing

/// The same paths as over HTTP/1.1, beside gRPC and on ports without it.
@Suite struct HTTP2RouteTests {
    @Test(arguments: ["/health", "/livez", "/readyz?verbose", "/version", "/nowhere", "//version"])
    func responsesAreThoseOfHTTP1(path: String) async throws {
        let expected = try HTTPServiceFixture().get(path)
        for kind in [HTTP2Fixture.Port.shared, .http(.client)] {
            let response = try await HTTP2Fixture(kind).get(path)
            #expect(response.status == expected.status)
            #expect(response.body == expected.body)
            #expect(
                Set(response.headers.keys) == Set(expected.headers.map { $0.name.lowercased() }))
            for name in response.headers.keys where name != "date" {
                #expect(response.headers[name] == expected.header(name))
            }
        }
    }

    @Test func metricsAreCompressedIfAccepted() async throws {
        let client = try await HTTP2Fixture().connect()
        let plain = try await client.get("/metrics")
        #expect(plain.body.contains("etcd_server_has_leader 0\n"))
        #expect(
            plain.headers["content-type"]
                == "text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
        let compressed = try await client.get("/metrics", [("accept-encoding", "gzip")])
        #expect(compressed.headers["content-encoding"] == "gzip")
        #expect(compressed.headers["content-length"] == String(compressed.bytes.count))
        let inflater = try #require(GzipInflater())
        let text = try inflater.inflated(compressed.bytes, bytesMax: 1 << 20)
        #expect(String(decoding: text, as: UTF8.self).hasPrefix("# HELP"))
    }

    @Test func aResponseBeyondTheWindowOfTheClientArrives() async throws {
        let fixture = try await HTTP2Fixture()
        let client = try await HTTP2Client(fixture) { $0.streamWindowBytes = 1000 }
        let response = try await client.get("/metrics")
        #expect(response.bytes.count > 3000)
        #expect(response.headers["content-length"] == String(response.bytes.count))
    }

    @Test func headHasTheLengthButNoBody() async throws {
        let client = try await HTTP2Fixture().connect()
        let whole = try await client.get("/nowhere")
        let head = try await client.request("HEAD", "/nowhere")
        #expect(head.status == 404 && head.bytes.isEmpty)
        #expect(head.headers["content-length"] == String(whole.bytes.count))
    }

    @Test func otherMethodsAreNotAllowed() async throws {
        let client = try await HTTP2Fixture().connect()
        for path in ["/health", "/version"] {
            let response = try await client.request("PUT", path, body: [1, 2, 3])
            #expect(response.status == 405 && response.headers["allow"] == "GET")
            #expect(response.body == "Method Not Allowed\n")
        }
    }

    @Test func originsAreThoseOfTheList() async throws {
        let any = try await HTTP2Fixture().connect().request("OPTIONS", "/v3/kv/put")
        #expect(any.status == 200 && any.bytes.isEmpty)
        #expect(any.headers["access-control-allow-origin"] == "*")
        #expect(
            any.headers["access-control-allow-methods"] == "POST, GET, OPTIONS, PUT, DELETE")
        #expect(
            any.headers["access-control-allow-headers"] == "accept, content-type, authorization")
        let client = try await HTTP2Fixture { $0.allowedOrigins = ["http://here.test"] }.connect()
        // A path of a gRPC method has the headers of any other path.
        for path in ["/version", "/t.T/U"] {
            for (origin, allowed) in [("http://here.test", "http://here.test"), ("http://b", nil)] {
                let response = try await client.request("POST", path, [("origin", origin)])
                #expect(response.headers["access-control-allow-origin"] == allowed)
            }
        }
    }

    @Test func theMetricsListenerServesHealthAndMetricsOnly() async throws {
        let client = try await HTTP2Fixture(.http(.metrics)).connect()
        for path in ["/health", "/livez", "/readyz", "/metrics"] {
            let response = try await client.get(path)
            #expect(response.status == 200)
            #expect(response.headers["access-control-allow-origin"] == nil)
        }
        for path in ["/version", "/debug/vars", "/v3/kv/range"] {
            #expect(try await client.get(path).status == 404)
        }
    }

    @Test func unknownHostsAreMisdirectedInPlaintextOnly() async throws {
        let list: (inout HTTPServiceConfiguration) -> Void = { $0.hostWhitelist = ["example.com"] }
        for kind in [HTTP2Fixture.Port.shared, .http(.client)] {
            let client = try await HTTP2Fixture(kind, list).connect()
            let refused = try await client.get("/health")
            #expect(refused.status == 421)
            #expect(refused.body.contains("etcd --host-whitelist \"127.0.0.1\"\n"))
            for path in ["/version", "/t.T/U"] {
                let listed = try await client.open("GET", path, authority: "example.com:2379") {
                    $0.finish(trailers: nil)
                }.get()
                #expect(listed.status == (path == "/version" ? 200 : 404))
            }
            let host = try await client.open(
                "GET", "/version", [("host", "example.com")], authority: nil
            ) { $0.finish(trailers: nil) }.get()
            #expect(host.status == 200)
            let encrypted = try await HTTP2Fixture(kind, identity: .encrypted(nil), list)
            #expect(try await encrypted.get("/version").status == 200)
        }
    }
}
