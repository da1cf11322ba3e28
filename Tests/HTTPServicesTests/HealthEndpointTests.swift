import EtcdAPI
import HTTPServices
import Testing

@Suite struct HealthEndpointTests {
    @Test func aHealthyMemberIsReportedHealthy() throws {
        let fixture = try HTTPServiceFixture()
        let response = try fixture.get("/health")
        #expect(response.status == 200)
        #expect(response.body == #"{"health":"true","reason":""}"#)
        #expect(response.header("Content-Type") == "text/plain; charset=utf-8")
        #expect(fixture.registry.counter("etcd_server_health_success").value == 1)
    }

    @Test func alarmsPrecedeAMissingLeader() throws {
        let fixture = try HTTPServiceFixture()
        fixture.source.change {
            $0.hasLeader = false
            $0.report.alarms = ["NOSPACE", "CORRUPT"]
        }
        #expect(try reason(fixture, "/health") == "ALARM NOSPACE")
        #expect(try reason(fixture, "/health?exclude=NOSPACE") == "ALARM CORRUPT")
        #expect(
            try reason(fixture, "/health?exclude=NOSPACE&exclude=CORRUPT") == "RAFT NO LEADER")
        let local = try fixture.get("/health?serializable=true&exclude=NOSPACE&exclude=CORRUPT")
        #expect(local.status == 200)
        #expect(fixture.registry.counter("etcd_server_health_failures").value == 3)
    }

    @Test func aFailingReadIsTheReason() throws {
        let fixture = try HTTPServiceFixture()
        fixture.source.change { $0.linearizableError = .timeout }
        #expect(
            try reason(fixture, "/health") == "RANGE ERROR:etcdserver: request timed out")
        #expect(try fixture.get("/health?serializable=true").status == 200)
    }

    @Test func aReadThatNeverCompletesTimesOut() throws {
        let fixture = try HTTPServiceFixture { $0.healthTimeout = .milliseconds(50) }
        fixture.source.change { $0.isStuck = true }
        #expect(
            try reason(fixture, "/health") == "RANGE ERROR:etcdserver: request timed out")
        let ready = try fixture.get("/readyz")
        #expect(ready.status == 503)
        #expect(
            ready.body.contains(
                "[-]linearizable_read failed: etcdserver: request timed out\n"))
        #expect(try fixture.get("/livez").body == "ok\n")
    }

    @Test func livenessAndReadinessListTheirChecks() throws {
        let fixture = try HTTPServiceFixture()
        #expect(try fixture.get("/livez").body == "ok\n")
        #expect(try fixture.get("/livez?verbose").body == "[+]serializable_read ok\nok\n")
        let ready = try fixture.get("/readyz?verbose&exclude=non_learner&exclude=unknown")
        #expect(ready.status == 200)
        #expect(ready.header("X-Content-Type-Options") == "nosniff")
        #expect(
            Set(ready.body.split(separator: "\n")) == [
                "[+]data_corruption ok", "[+]serializable_read ok", "[+]linearizable_read ok",
                "ok",
            ])
        for name in ["data_corruption", "serializable_read", "linearizable_read", "non_learner"] {
            #expect(try fixture.get("/readyz/\(name)").body == "ok\n")
        }
        #expect(try fixture.get("/readyz/unknown").status == 404)
        #expect(try fixture.get("/livez/linearizable_read").status == 404)
        #expect(
            fixture.registry.counter(
                "etcd_server_healthchecks_total", "livez", "serializable_read", "success"
            ).value == 2)
    }

    @Test func corruptionAndLearnersAreNotReady() throws {
        let fixture = try HTTPServiceFixture()
        fixture.source.change {
            $0.report.alarms = ["CORRUPT"]
            $0.report.isLearner = true
        }
        let ready = try fixture.get("/readyz")
        #expect(ready.status == 503)
        #expect(ready.body.contains("[-]data_corruption failed: alarm activated: CORRUPT\n"))
        #expect(ready.body.contains("[-]non_learner failed: not supported for learner\n"))
        #expect(ready.body.contains("[+]linearizable_read ok\n"))
        fixture.source.change { $0.report.alarms = ["NOSPACE"] }
        #expect(try fixture.get("/readyz?exclude=non_learner").status == 200)
        #expect(try fixture.get("/readyz/non_learner").status == 503)
    }

    private func reason(_ fixture: HTTPServiceFixture, _ target: String) throws -> String {
        let response = try fixture.get(target)
        #expect(response.status == 503)
        let prefix = #"{"health":"false","reason":""#
        guard response.body.hasPrefix(prefix), response.body.hasSuffix("\"}\n") else {
            return response.body
        }
        return String(response.body.dropFirst(prefix.count).dropLast(3))
    }
}
