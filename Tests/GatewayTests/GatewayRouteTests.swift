import Gateway
import Testing

@Suite struct GatewayRouteTests {
    @Test func versionsAreToldAsTheyBecomeKnown() throws {
        let fixture = try GatewayFixture()
        var answer = try fixture.get("/version")
        #expect(
            answer.body
                == #"{"etcdserver":"3.7.1","etcdcluster":"not_decided","storage":"unknown"}"#)
        #expect(answer.header("Content-Type") == "application/json")
        fixture.source.change {
            $0.report.clusterVersion = "3.7.0"
            $0.report.storageVersion = "3.7.0"
        }
        answer = try fixture.get("/version")
        #expect(
            answer.body == #"{"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"}"#)
    }

    @Test func metricsAreRendered() throws {
        let fixture = try GatewayFixture()
        let answer = try fixture.get("/metrics")
        #expect(answer.status == 200)
        #expect(
            answer.header("Content-Type")
                == "text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
        #expect(answer.body.contains("etcd_server_has_leader 0\n"))
    }

    @Test func debugVariablesHoldRaftsState() throws {
        let answer = try GatewayFixture().get("/debug/vars")
        #expect(answer.header("Content-Type") == "application/json; charset=utf-8")
        #expect(answer.body.contains(#""cmdline": ["etcd","--name","a \"b\""]"#))
        #expect(
            answer.body.contains(
                #""progress":{"8e9e05c52164694d":{"match":4,"next":5,"state":"StateReplicate"}}"#))
    }

    @Test func profilesAreThereOnlyWhenAskedForAndSayWhatTheyAreNot() throws {
        let closed = try GatewayFixture()
        #expect(try closed.get("/debug/pprof/cmdline").status == 404)
        let fixture = try GatewayFixture { $0.servesProfiles = true }
        #expect(try fixture.get("/debug/pprof/").body.contains("not a Go program"))
        #expect(try fixture.get("/debug/pprof/cmdline").body == "etcd\0--name\0a \"b\"")
        let heap = try fixture.get("/debug/pprof/heap")
        #expect(heap.status == 501 && heap.body.contains("heap: this server is not a Go program"))
        #expect(try fixture.get("/debug/pprof/nothing").status == 404)
    }

    @Test func unknownPathsAreNotFound() throws {
        let fixture = try GatewayFixture()
        for path in ["/", "/v2/keys", "/members", "/health/", "/config/local/log"] {
            let answer = try fixture.get(path)
            #expect(answer.status == 404)
            #expect(answer.body == "404 page not found\n")
            #expect(answer.header("X-Content-Type-Options") == "nosniff")
        }
    }

    @Test func otherMethodsAreRefusedByName() throws {
        let fixture = try GatewayFixture()
        for path in ["/health", "/livez", "/readyz/non_learner", "/version", "/debug/vars"] {
            let answer = try fixture.connect().request("PUT", path)
            #expect(answer.status == 405)
            #expect(answer.header("Allow") == "GET")
            #expect(answer.body == "Method Not Allowed\n")
        }
    }

    @Test func theJSONGatewaySaysThatItIsNotThere() throws {
        let later = try GatewayFixture().connect().request("POST", "/v3/kv/range")
        #expect(later.status == 501)
        #expect(
            later.body == #"{"code":12,"message":"the JSON gateway is not supported yet"}"#)
        let beta = try GatewayFixture().connect().request("POST", "/v3beta/kv/range")
        #expect(beta.status == 501)
        let read = try GatewayFixture().get("/v3/kv/range")
        #expect(read.status == 501 && read.body == #"{"code":12, "message":"Method Not Allowed"}"#)
        for path in ["/v3/nosuch", "/v3/", "/v3/kv/range/", "/v3/kv/rangestream"] {
            let answer = try GatewayFixture().connect().request("POST", path)
            #expect(answer.status == 404)
            #expect(answer.body == #"{"code":5, "message":"Not Found"}"#)
            #expect(answer.header("Content-Type") == "application/json")
        }
        let off = try GatewayFixture { $0.isJSONGatewayEnabled = false }
        #expect(try off.connect().request("POST", "/v3/kv/range").status == 404)
    }

    @Test(arguments: [
        ("//version", "/version"), ("/v3//kv/range?a=b", "/v3/kv/range?a=b"),
        ("/v3/kv/../kv/./range", "/v3/kv/range"), ("/v3", "/v3/"), ("/a/../..//b/", "/b/"),
        ("//", "/"),
    ])
    func pathsAreRedirectedToTheirShortestForm(path: String, target: String) throws {
        let read = try GatewayFixture().get(path)
        #expect(read.status == 307 && read.header("Location") == target)
        #expect(read.header("Content-Type") == "text/html; charset=utf-8")
        #expect(read.body == "<a href=\"\(target)\">Temporary Redirect</a>.\n\n")
        let written = try GatewayFixture().connect().request("POST", path)
        #expect(written.status == 307 && written.body.isEmpty)
        #expect(written.header("Content-Type") == nil)
    }

    @Test func theMetricsListenerServesHealthAndMetricsOnly() throws {
        let fixture = try GatewayFixture(listener: .metrics)
        for path in ["/health", "/livez", "/readyz", "/metrics"] {
            let answer = try fixture.get(path)
            #expect(answer.status == 200)
            #expect(answer.header("Access-Control-Allow-Origin") == nil)
        }
        for path in ["/version", "/debug/vars", "/v3/kv/range"] {
            #expect(try fixture.get(path).status == 404)
        }
    }

    @Test func anyOriginIsAllowedByDefault() throws {
        let fixture = try GatewayFixture()
        #expect(try fixture.get("/nowhere").header("Access-Control-Allow-Origin") == "*")
        let asked = try fixture.connect().request("OPTIONS", "/v3/kv/put")
        #expect(asked.status == 200)
        #expect(asked.body.isEmpty)
        #expect(
            asked.header("Access-Control-Allow-Methods") == "POST, GET, OPTIONS, PUT, DELETE")
        #expect(
            asked.header("Access-Control-Allow-Headers")
                == "accept, content-type, authorization")
    }

    @Test func listedOriginsAloneAreAllowed() throws {
        let fixture = try GatewayFixture { $0.allowedOrigins = ["http://here.test"] }
        func origin(_ name: String) throws -> String? {
            try fixture.connect().request("GET", "/version", headers: "Origin: \(name)\r\n")
                .header("Access-Control-Allow-Origin")
        }
        #expect(try origin("http://here.test") == "http://here.test")
        #expect(try origin("http://there.test") == nil)
    }

    @Test func unknownHostsAreMisdirectedInPlaintextOnly() throws {
        let list: (inout GatewaySettings) -> Void = { $0.hostWhitelist = ["example.com"] }
        let fixture = try GatewayFixture(list)
        let refused = try fixture.get("/health")
        #expect(refused.status == 421)
        #expect(refused.body.hasPrefix("\netcd received your request, but the Host header"))
        #expect(refused.body.contains("etcd --host-whitelist \"127.0.0.1\"\n"))
        let client = try fixture.connect()
        try client.send("GET /version HTTP/1.1\r\nHost: example.com:2379\r\n\r\n")
        #expect(try client.receive().status == 200)
        #expect(try GatewayFixture(isEncrypted: true, list).get("/version").status == 200)
    }
}
