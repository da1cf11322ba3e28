import HTTPServices
import Testing

@Suite struct HTTPRouteTests {
    @Test func versionsAreReportedOnceKnown() throws {
        let fixture = try HTTPServiceFixture()
        var response = try fixture.get("/version")
        #expect(
            response.body
                == #"{"etcdserver":"3.7.1","etcdcluster":"not_decided","storage":"unknown"}"#)
        #expect(response.header("Content-Type") == "application/json")
        fixture.source.change {
            $0.report.clusterVersion = "3.7.0"
            $0.report.storageVersion = "3.7.0"
        }
        response = try fixture.get("/version")
        #expect(
            response.body == #"{"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"}"#)
    }

    @Test func metricsAreRendered() throws {
        let fixture = try HTTPServiceFixture()
        let response = try fixture.get("/metrics")
        #expect(response.status == 200)
        #expect(
            response.header("Content-Type")
                == "text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
        #expect(response.body.contains("etcd_server_has_leader 0\n"))
    }

    @Test func debugVariablesContainTheRaftState() throws {
        let response = try HTTPServiceFixture().get("/debug/vars")
        #expect(response.header("Content-Type") == "application/json; charset=utf-8")
        #expect(response.body.contains(#""cmdline": ["etcd","--name","a \"b\""]"#))
        #expect(
            response.body.contains(
                #""progress":{"8e9e05c52164694d":{"match":4,"next":5,"state":"StateReplicate"}}"#))
    }

    @Test func profilesAreServedOnlyWhenEnabledAndNotImplemented() throws {
        let closed = try HTTPServiceFixture()
        #expect(try closed.get("/debug/pprof/cmdline").status == 404)
        let fixture = try HTTPServiceFixture { $0.servesProfiles = true }
        #expect(try fixture.get("/debug/pprof/").body.contains("not a Go program"))
        #expect(try fixture.get("/debug/pprof/cmdline").body == "etcd\0--name\0a \"b\"")
        let heap = try fixture.get("/debug/pprof/heap")
        #expect(heap.status == 501 && heap.body.contains("heap: this server is not a Go program"))
        #expect(try fixture.get("/debug/pprof/nothing").status == 404)
    }

    @Test func unknownPathsAreNotFound() throws {
        let fixture = try HTTPServiceFixture()
        for path in ["/", "/v2/keys", "/members", "/health/", "/config/local/log"] {
            let response = try fixture.get(path)
            #expect(response.status == 404)
            #expect(response.body == "404 page not found\n")
            #expect(response.header("X-Content-Type-Options") == "nosniff")
        }
    }

    @Test func otherMethodsAreNotAllowed() throws {
        let fixture = try HTTPServiceFixture()
        for path in ["/health", "/livez", "/readyz/non_learner", "/version", "/debug/vars"] {
            let response = try fixture.connect().request("PUT", path)
            #expect(response.status == 405)
            #expect(response.header("Allow") == "GET")
            #expect(response.body == "Method Not Allowed\n")
        }
    }

    @Test(arguments: [
        ("//version", "/version"), ("/v3//kv/range?a=b", "/v3/kv/range?a=b"),
        ("/v3/kv/../kv/./range", "/v3/kv/range"), ("/v3", "/v3/"), ("/a/../..//b/", "/b/"),
        ("//", "/"),
    ])
    func pathsAreRedirectedToTheirCanonicalForm(path: String, target: String) throws {
        let gateway = GatewayMethods().gateway()
        let read = try HTTPServiceFixture(gateway: gateway).get(path)
        #expect(read.status == 307 && read.header("Location") == target)
        #expect(read.header("Content-Type") == "text/html; charset=utf-8")
        #expect(read.body == "<a href=\"\(target)\">Temporary Redirect</a>.\n\n")
        let written = try HTTPServiceFixture(gateway: gateway).connect().request("POST", path)
        #expect(written.status == 307 && written.body.isEmpty)
        #expect(written.header("Content-Type") == nil)
    }

    @Test func theMetricsListenerServesHealthAndMetricsOnly() throws {
        let fixture = try HTTPServiceFixture(listener: .metrics)
        for path in ["/health", "/livez", "/readyz", "/metrics"] {
            let response = try fixture.get(path)
            #expect(response.status == 200)
            #expect(response.header("Access-Control-Allow-Origin") == nil)
        }
        for path in ["/version", "/debug/vars", "/v3/kv/range"] {
            #expect(try fixture.get(path).status == 404)
        }
    }

    @Test func anyOriginIsAllowedByDefault() throws {
        let fixture = try HTTPServiceFixture()
        #expect(try fixture.get("/nowhere").header("Access-Control-Allow-Origin") == "*")
        let preflight = try fixture.connect().request("OPTIONS", "/v3/kv/put")
        #expect(preflight.status == 200)
        #expect(preflight.body.isEmpty)
        #expect(
            preflight.header("Access-Control-Allow-Methods") == "POST, GET, OPTIONS, PUT, DELETE")
        #expect(
            preflight.header("Access-Control-Allow-Headers")
                == "accept, content-type, authorization")
    }

    @Test func onlyListedOriginsAreAllowed() throws {
        let fixture = try HTTPServiceFixture { $0.allowedOrigins = ["http://here.test"] }
        func origin(_ name: String) throws -> String? {
            try fixture.connect().request("GET", "/version", headers: "Origin: \(name)\r\n")
                .header("Access-Control-Allow-Origin")
        }
        #expect(try origin("http://here.test") == "http://here.test")
        #expect(try origin("http://there.test") == nil)
    }

    @Test func unknownHostsAreMisdirectedInPlaintextOnly() throws {
        let list: (inout HTTPServiceConfiguration) -> Void = { $0.hostWhitelist = ["example.com"] }
        let fixture = try HTTPServiceFixture(list)
        let refused = try fixture.get("/health")
        #expect(refused.status == 421)
        #expect(refused.body.hasPrefix("\netcd received your request, but the Host header"))
        #expect(refused.body.contains("etcd --host-whitelist \"127.0.0.1\"\n"))
        let client = try fixture.connect()
        try client.send("GET /version HTTP/1.1\r\nHost: example.com:2379\r\n\r\n")
        #expect(try client.receive().status == 200)
        #expect(
            try HTTPServiceFixture(identity: .encrypted(nil), list).get("/version").status == 200)
    }
}
