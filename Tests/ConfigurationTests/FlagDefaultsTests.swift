@testable import ServerLogging
@testable import Configuration
import Testing

@testable import EtcdServer

@Suite struct FlagDefaultsTests {
    /// Every flag of etcd 3.7 with the text of its default.
    static let defaults: [(name: String, text: String)] = [
        ("name", #"default"#),
        ("data-dir", #""#),
        ("wal-dir", #""#),
        ("snapshot-count", #"10000"#),
        ("heartbeat-interval", #"100"#),
        ("election-timeout", #"1000"#),
        ("initial-election-tick-advance", #"true"#),
        ("listen-peer-urls", #"http://localhost:2380"#),
        ("listen-client-urls", #"http://localhost:2379"#),
        ("listen-client-http-urls", #""#),
        ("listen-metrics-urls", #""#),
        ("max-snapshots", #"5"#),
        ("max-wals", #"5"#),
        ("memory-mlock", #"false"#),
        ("quota-backend-bytes", #"0"#),
        ("backend-bbolt-freelist-type", #""#),
        ("backend-batch-interval", #"0s"#),
        ("backend-batch-limit", #"0"#),
        ("max-txn-ops", #"128"#),
        ("max-request-bytes", #"1572864"#),
        ("max-concurrent-streams", #"4294967295"#),
        ("grpc-keepalive-min-time", #"5s"#),
        ("grpc-keepalive-interval", #"2h0m0s"#),
        ("grpc-keepalive-timeout", #"20s"#),
        ("socket-reuse-port", #"false"#),
        ("socket-reuse-address", #"false"#),
        ("enable-grpc-gateway", #"true"#),
        ("raft-read-timeout", #"5s"#),
        ("raft-write-timeout", #"5s"#),
        ("feature-gates", #""#),
        ("initial-advertise-peer-urls", #"http://localhost:2380"#),
        ("initial-cluster", #"default=http://localhost:2380"#),
        ("initial-cluster-state", #"new"#),
        ("initial-cluster-token", #"etcd-cluster"#),
        ("advertise-client-urls", #"http://localhost:2379"#),
        ("discovery-token", #""#),
        ("discovery-endpoints", #""#),
        ("discovery-dial-timeout", #"2s"#),
        ("discovery-request-timeout", #"5s"#),
        ("discovery-keepalive-time", #"2s"#),
        ("discovery-keepalive-timeout", #"6s"#),
        ("discovery-insecure-transport", #"true"#),
        ("discovery-insecure-skip-tls-verify", #"false"#),
        ("discovery-cert", #""#),
        ("discovery-key", #""#),
        ("discovery-cacert", #""#),
        ("discovery-user", #""#),
        ("discovery-password", #""#),
        ("discovery-fallback", #"exit"#),
        ("discovery-srv", #""#),
        ("discovery-srv-name", #""#),
        ("strict-reconfig-check", #"true"#),
        ("pre-vote", #"true"#),
        ("auto-compaction-retention", #"0"#),
        ("auto-compaction-mode", #"periodic"#),
        ("v2-deprecation", #"write-only"#),
        ("cert-file", #""#),
        ("key-file", #""#),
        ("client-cert-file", #""#),
        ("client-key-file", #""#),
        ("client-cert-auth", #"false"#),
        ("trusted-ca-file", #""#),
        ("auto-tls", #"false"#),
        ("peer-cert-file", #""#),
        ("peer-key-file", #""#),
        ("peer-client-cert-file", #""#),
        ("peer-client-key-file", #""#),
        ("peer-client-cert-auth", #"false"#),
        ("peer-trusted-ca-file", #""#),
        ("peer-auto-tls", #"false"#),
        ("client-crl-file", #""#),
        ("peer-crl-file", #""#),
        ("client-cert-allowed-hostname", #""#),
        ("peer-cert-allowed-cn", #""#),
        ("peer-cert-allowed-hostname", #""#),
        ("peer-skip-client-san-verification", #"false"#),
        ("self-signed-cert-validity", #"1"#),
        ("cipher-suites", #""#),
        ("tls-min-version", #"TLS1.2"#),
        ("tls-max-version", #""#),
        ("cors", #"*"#),
        ("host-whitelist", #"*"#),
        ("auth-token", #"simple"#),
        ("bcrypt-cost", #"10"#),
        ("auth-token-ttl", #"300"#),
        ("enable-pprof", #"false"#),
        ("metrics", #"basic"#),
        ("logger", #"zap"#),
        ("log-outputs", #"default"#),
        ("log-level", #"info"#),
        ("log-format", #"json"#),
        ("enable-log-rotation", #"false"#),
        (
            "log-rotation-config-json",
            #"{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}"#
        ),
        ("warning-unary-request-duration", #"300ms"#),
        ("enable-distributed-tracing", #"false"#),
        ("distributed-tracing-address", #"localhost:4317"#),
        ("distributed-tracing-service-name", #"etcd"#),
        ("distributed-tracing-instance-id", #""#),
        ("distributed-tracing-sampling-rate", #"0"#),
        ("corrupt-check-time", #"0s"#),
        ("compact-hash-check-time", #"1m0s"#),
        ("compaction-batch-limit", #"0"#),
        ("compaction-sleep-interval", #"0s"#),
        ("watch-progress-notify-interval", #"0s"#),
        ("downgrade-check-time", #"5s"#),
        ("warning-apply-duration", #"100ms"#),
        ("bootstrap-defrag-threshold-megabytes", #"0"#),
        ("max-learners", #"1"#),
        ("snapshot-catchup-entries", #"5000"#),
        ("unsafe-no-fsync", #"false"#),
        ("force-new-cluster", #"false"#),
        ("config-file", #""#),
        ("version", #"false"#),
    ]

    /// Flags and the path of keys that sets each in a file.
    static let fileKeys: [(name: String, key: String)] = [
        ("name", "name"),
        ("data-dir", "data-dir"),
        ("wal-dir", "wal-dir"),
        ("snapshot-count", "snapshot-count"),
        ("heartbeat-interval", "heartbeat-interval"),
        ("election-timeout", "election-timeout"),
        ("initial-election-tick-advance", "initial-election-tick-advance"),
        ("listen-peer-urls", "listen-peer-urls"),
        ("listen-client-urls", "listen-client-urls"),
        ("listen-client-http-urls", "listen-client-http-urls"),
        ("listen-metrics-urls", "listen-metrics-urls"),
        ("max-snapshots", "max-snapshots"),
        ("max-wals", "max-wals"),
        ("memory-mlock", "memory-mlock"),
        ("quota-backend-bytes", "quota-backend-bytes"),
        ("backend-bbolt-freelist-type", "backend-bbolt-freelist-type"),
        ("backend-batch-interval", "backend-batch-interval"),
        ("backend-batch-limit", "backend-batch-limit"),
        ("max-txn-ops", "max-txn-ops"),
        ("max-request-bytes", "max-request-bytes"),
        ("max-concurrent-streams", "max-concurrent-streams"),
        ("grpc-keepalive-min-time", "grpc-keepalive-min-time"),
        ("grpc-keepalive-interval", "grpc-keepalive-interval"),
        ("grpc-keepalive-timeout", "grpc-keepalive-timeout"),
        ("socket-reuse-port", "socket-options.reuse-port"),
        ("socket-reuse-address", "socket-options.reuse-address"),
        ("enable-grpc-gateway", "enable-grpc-gateway"),
        ("raft-read-timeout", ""),
        ("raft-write-timeout", ""),
        ("feature-gates", "feature-gates"),
        ("initial-advertise-peer-urls", "initial-advertise-peer-urls"),
        ("initial-cluster", "initial-cluster"),
        ("initial-cluster-state", "initial-cluster-state"),
        ("initial-cluster-token", "initial-cluster-token"),
        ("advertise-client-urls", "advertise-client-urls"),
        ("discovery-token", "discovery-config.token"),
        ("discovery-endpoints", "discovery-config.client.endpoints"),
        ("discovery-dial-timeout", "discovery-config.client.dial-timeout"),
        ("discovery-request-timeout", "discovery-config.client.request-timeout"),
        ("discovery-keepalive-time", "discovery-config.client.keepalive-time"),
        ("discovery-keepalive-timeout", "discovery-config.client.keepalive-timeout"),
        ("discovery-insecure-transport", "discovery-config.client.secure.insecure-transport"),
        (
            "discovery-insecure-skip-tls-verify",
            "discovery-config.client.secure.insecure-skip-tls-verify"
        ),
        ("discovery-cert", "discovery-config.client.secure.cert"),
        ("discovery-key", "discovery-config.client.secure.key"),
        ("discovery-cacert", "discovery-config.client.secure.cacert"),
        ("discovery-user", "discovery-config.client.auth.username"),
        ("discovery-password", "discovery-config.client.auth.password"),
        ("discovery-fallback", ""),
        ("discovery-srv", "discovery-srv"),
        ("discovery-srv-name", "discovery-srv-name"),
        ("strict-reconfig-check", "strict-reconfig-check"),
        ("pre-vote", "pre-vote"),
        ("auto-compaction-retention", "auto-compaction-retention"),
        ("auto-compaction-mode", "auto-compaction-mode"),
        ("v2-deprecation", "v2-deprecation"),
        ("cert-file", "client-transport-security.cert-file"),
        ("key-file", "client-transport-security.key-file"),
        ("client-cert-file", "client-transport-security.client-cert-file"),
        ("client-key-file", "client-transport-security.client-key-file"),
        ("client-cert-auth", "client-transport-security.client-cert-auth"),
        ("trusted-ca-file", "client-transport-security.trusted-ca-file"),
        ("auto-tls", "client-transport-security.auto-tls"),
        ("peer-cert-file", "peer-transport-security.cert-file"),
        ("peer-key-file", "peer-transport-security.key-file"),
        ("peer-client-cert-file", "peer-transport-security.client-cert-file"),
        ("peer-client-key-file", "peer-transport-security.client-key-file"),
        ("peer-client-cert-auth", "peer-transport-security.client-cert-auth"),
        ("peer-trusted-ca-file", "peer-transport-security.trusted-ca-file"),
        ("peer-auto-tls", "peer-transport-security.auto-tls"),
        ("client-crl-file", ""),
        ("peer-crl-file", ""),
        ("client-cert-allowed-hostname", "client-transport-security.allowed-hostname"),
        ("peer-cert-allowed-cn", "peer-transport-security.allowed-cn"),
        ("peer-cert-allowed-hostname", "peer-transport-security.allowed-hostname"),
        (
            "peer-skip-client-san-verification",
            "peer-transport-security.skip-client-san-verification"
        ),
        ("self-signed-cert-validity", "self-signed-cert-validity"),
        ("cipher-suites", "cipher-suites"),
        ("tls-min-version", "tls-min-version"),
        ("tls-max-version", "tls-max-version"),
        ("cors", "cors"),
        ("host-whitelist", "host-whitelist"),
        ("auth-token", "auth-token"),
        ("bcrypt-cost", "bcrypt-cost"),
        ("auth-token-ttl", "auth-token-ttl"),
        ("enable-pprof", "enable-pprof"),
        ("metrics", "metrics"),
        ("logger", "logger"),
        ("log-outputs", "log-outputs"),
        ("log-level", "log-level"),
        ("log-format", "log-format"),
        ("enable-log-rotation", "enable-log-rotation"),
        ("log-rotation-config-json", "log-rotation-config-json"),
        ("warning-unary-request-duration", "warning-unary-request-duration"),
        ("enable-distributed-tracing", "enable-distributed-tracing"),
        ("distributed-tracing-address", "distributed-tracing-address"),
        ("distributed-tracing-service-name", "distributed-tracing-service-name"),
        ("distributed-tracing-instance-id", "distributed-tracing-instance-id"),
        ("distributed-tracing-sampling-rate", "distributed-tracing-sampling-rate"),
        ("corrupt-check-time", "corrupt-check-time"),
        ("compact-hash-check-time", "compact-hash-check-time"),
        ("compaction-batch-limit", "compaction-batch-limit"),
        ("compaction-sleep-interval", "compaction-sleep-interval"),
        ("watch-progress-notify-interval", "watch-progress-notify-interval"),
        ("downgrade-check-time", "downgrade-check-time"),
        ("warning-apply-duration", "warning-apply-duration"),
        ("bootstrap-defrag-threshold-megabytes", "bootstrap-defrag-threshold-megabytes"),
        ("max-learners", "max-learners"),
        ("snapshot-catchup-entries", "snapshot-catchup-entries"),
        ("unsafe-no-fsync", "unsafe-no-fsync"),
        ("force-new-cluster", "force-new-cluster"),
    ]

    static let ignored = [
        "cluster-active-size", "cluster-remove-delay", "cluster-sync-interval", "config", "force",
        "max-result-buffer", "max-retry-attempts", "peer-heartbeat-interval",
        "peer-election-timeout", "retry-interval", "snapshot", "v", "vv", "test.coverprofile",
        "test.outputdir",
    ]

    /// Flags that etcd does not have.
    static let own: [(name: String, text: String)] = [("quota-backend-rule", "in-use")]

    @Test(arguments: defaults + own) func flagHasItsDefault(name: String, text: String) throws {
        let flag = try #require(FlagTable.find(name))
        #expect(flag.read(ServerConfiguration()) == text)
    }

    @Test func flagsAreEtcdsAndOurOwn() {
        let known = Set(Self.defaults.map(\.name) + Self.own.map(\.name) + Self.ignored)
        #expect(Set(FlagTable.all.map(\.name)) == known)
        #expect(FlagTable.all.count == known.count)
    }

    @Test(arguments: defaults + own) func defaultTextSetsTheDefault(name: String, text: String)
        throws
    {
        let flag = try #require(FlagTable.find(name))
        guard !text.isEmpty else { return }
        var configuration = ServerConfiguration()
        try flag.setText(&configuration, text)
        #expect(flag.read(configuration) == text)
    }

    @Test(arguments: fileKeys) func fileKeySetsTheFlag(name: String, key: String) throws {
        let flag = try #require(FlagTable.find(name))
        #expect(flag.filePath.joined(separator: ".") == key)
    }

    @Test(arguments: [
        "discovery", "discovery-proxy", "proxy", "enable-v2", "enable-v2v3", "debug",
        "experimental-initial-corrupt-check", "log-package-levels",
    ])
    func removedFlagIsUnknown(name: String) {
        #expect(FlagTable.find(name) == nil)
    }

    @Test func defaultsAreValidAndUseOnlySupportedFeatures() throws {
        let logger = ServerLogger(destination: LogDestination(outputs: []))
        try ServerConfiguration().validate(logger: logger)
    }
}
