@testable import Configuration
import Testing

@testable import EtcdServer

@Suite struct ValidationTests {
    @Test(arguments: [
        (
            ["--election-timeout=400"],
            "--election-timeout[400ms] should be at least as 5 times as "
                + "--heartbeat-interval[100ms]"
        ),
        (
            ["--election-timeout=60000"],
            "--election-timeout[60000ms] is too long, and should be set less than 50000ms"
        ),
        (["--heartbeat-interval=0"], "--heartbeat-interval must be >0 (set to 0ms)"),
        (["--election-timeout=0"], "--election-timeout must be >0 (set to 0ms)"),
        (
            ["--listen-client-urls=http://127.0.0.1:1"],
            "--advertise-client-urls is required when --listen-client-urls is set explicitly"
        ),
        (["--listen-peer-urls=http://foo:1"], "expected IP in URL for binding (http://foo:1)"),
        (["--auto-compaction-mode=foo"], #"unknown auto-compaction-mode "foo""#),
        (["--auto-compaction-mode="], "undefined auto-compaction-mode"),
        (
            ["--auto-compaction-retention=1x"],
            #"error parsing CompactionRetention: time: invalid duration "1x""#
        ),
        (
            ["--discovery-token=t"],
            "both --discovery-token and --discovery-endpoints must be set"
        ),
        (
            ["--discovery-srv=a.example", "--initial-cluster=a=http://127.0.0.1:1"],
            "multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\", "
                + "\"discovery-endpoints\" or \"discovery-srv\""
        ),
        (
            ["--feature-gates=LeaseCheckpointPersist=true"],
            "enabling feature gate LeaseCheckpointPersist requires enabling feature gate "
                + "LeaseCheckpoint"
        ),
        (["--compact-hash-check-time=0"], "--compact-hash-check-time must be >0 (set to 0s)"),
        (
            ["--tls-min-version=TLS1.1"],
            #"unexpected TLS version "TLS1.1" (must be one of: TLS1.2, TLS1.3)"#
        ),
        (
            ["--tls-min-version=TLS1.3", "--tls-max-version=TLS1.2"],
            "min version (TLS1.3) is greater than max version (TLS1.2)"
        ),
        (
            ["--initial-advertise-peer-urls=http://:1"],
            #"--initial-advertise-peer-urls "http://:1" must be "host:port" "#
                + "(unexpected empty host (http://:1))"
        ),
    ])
    func violatedRuleHasEtcdsMessage(arguments: [String], message: String) {
        #expect(refusal(arguments) == message)
    }

    @Test(arguments: [
        "--discovery-user=a", "--discovery-password=b", "--auth-token=jwt,sign-method=RS256",
        "--auth-token-ttl=5", "--bcrypt-cost=12",
        "--pre-vote=false", "--quota-backend-bytes=-1", "--metrics=extensive",
        "--listen-peer-urls=unix://localhost:20000", "--listen-peer-urls=http://[::1]:0",
        "--auto-compaction-retention=5m", "--v2-deprecation=write-only,gone",
        "--backend-bbolt-freelist-type=anything", "--feature-gates=AllBeta=false",
        "--initial-cluster=a=http://127.0.0.1:1,a=http://127.0.0.1:2",
        "--initial-cluster=a=http://127.0.0.1:1,b=http://127.0.0.1:2",
        "--initial-cluster-state=existing", "--force-new-cluster", "--discovery-srv=a.example",
        "--enable-pprof", "--memory-mlock", "--bootstrap-defrag-threshold-megabytes=10",
        "--feature-gates=StopGRPCServiceOnDefrag=true,PriorityRequest=true",
        "--feature-gates=LeaseCheckpoint=true,LeaseCheckpointPersist=true",
        "--enable-distributed-tracing", "--distributed-tracing-address=a:1",
    ])
    func validFlagIsAccepted(argument: String) {
        #expect(refusal([argument]) == nil)
    }

    @Test(arguments: ["not-yet", "foo", ""])
    func endedStageOfTheLegacyStoreIsRefusedInEtcdsWords(stage: String) throws {
        let message =
            "invalid value \"\(stage)\" for flag -v2-deprecation: invalid value \"\(stage)\""
        #expect(
            refusal(["--v2-deprecation=\(stage)"]) == "usage: wrong(\(message.debugDescription))")
        // The value in a file is not checked.
        #expect(try V2Deprecation(fileNode: .scalar(stage, isQuoted: true)) == V2Deprecation())
    }

    @Test func compactionRetentionDependsOnTheMode() throws {
        var configuration = ServerConfiguration()
        #expect(try configuration.autoCompaction() == .disabled)
        configuration.autoCompactionRetention = "2"
        #expect(try configuration.autoCompaction() == .periodic(.seconds(7_200)))
        configuration.autoCompactionRetention = "90m"
        #expect(try configuration.autoCompaction() == .periodic(.seconds(5_400)))
        configuration.autoCompactionMode = "revision"
        configuration.autoCompactionRetention = "1000"
        #expect(try configuration.autoCompaction() == .revision(1_000))
        configuration.autoCompactionMode = "periodic"
        configuration.autoCompactionRetention = "9223372036854775807"
        #expect(throws: ConfigurationError.self) { try configuration.autoCompaction() }
    }

    @Test func explicitGateOverridesABulkGate() throws {
        let gates = try FeatureGates(flagText: "AllBeta=false,FastLeaseKeepAlive=true")
        #expect(gates.isEnabled(.fastLeaseKeepAlive))
        #expect(!gates.isEnabled(.txnModeWriteWithSharedBuffer))
        #expect(!gates.isEnabled(.allBeta))
    }
}
