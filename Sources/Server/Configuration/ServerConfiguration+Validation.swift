import GoText
package import ServerLogging

/// The validation of a loaded configuration.
extension ServerConfiguration {
    private static let electionMillisecondsMax: UInt = 50_000
    static let conflictingBootstrap =
        "multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\", "
        + "\"discovery-endpoints\" or \"discovery-srv\""
    static let missingAdvertisedClientURLs =
        "--advertise-client-urls is required when --listen-client-urls is set explicitly"

    /// Throws for the first violated rule, in etcd's order and with its texts; logs warnings.
    package func validate(logger: ServerLogger) throws(ConfigurationError) {
        try checkURLs(logger: logger)
        try checkBootstrap()
        try checkTiming()
        if advertiseClientURLs.isEmpty {
            throw ConfigurationError(Self.missingAdvertisedClientURLs)
        }
        try checkCompactionMode()
        try checkTracing()
        try checkFeatures(logger: logger)
        if name == Self.defaultName {
            logger.warn(
                "it isn't recommended to use default name, please set a value for --name. "
                    + "Note that etcd might run into issue when multiple members have the same "
                    + "default name", ["name": .string(name)])
        }
        try checkTLS()
        _ = try autoCompaction()
    }

    private func checkURLs(logger: ServerLogger) throws(ConfigurationError) {
        try Self.checkBindable(listenPeerURLs)
        try Self.checkBindable(listenClientURLs)
        try Self.checkBindable(listenClientHTTPURLs)
        if listenClientHTTPURLs.isEmpty {
            logger.warn(
                "Running http and grpc server on single port. "
                    + "This is not recommended for production.")
        }
        try Self.checkBindable(listenMetricsURLs)
        if let url = Self.firstWithoutHost(initialAdvertisePeerURLs) {
            throw ConfigurationError(
                "--initial-advertise-peer-urls \(initialAdvertisePeerURLs.flagText.goQuoted) must "
                    + "be \"host:port\" (unexpected empty host (\(url.text)))")
        }
        if let url = Self.firstWithoutHost(advertiseClientURLs) {
            throw ConfigurationError(
                "--advertise-client-urls \(advertiseClientURLs.flagText.goQuoted) must be in the "
                    + "format \"host:port\", \"unix:/path/to/socket\" or \"unixs:/path/to/socket\" "
                    + "(unexpected empty host (\(url.text)))")
        }
    }

    /// A listener needs an IP address, not a name whose resolution may change.
    private static func checkBindable(_ list: EndpointURLList) throws(ConfigurationError) {
        for url in list.urls where !url.scheme.isUnixSocket {
            guard url.host == "localhost" || IPAddressText.isAddress(url.host) else {
                throw ConfigurationError("expected IP in URL for binding (\(url.text))")
            }
        }
    }

    private static func firstWithoutHost(_ list: EndpointURLList) -> EndpointURL? {
        list.urls.first { !$0.scheme.isUnixSocket && $0.host.isEmpty }
    }

    private func checkBootstrap() throws(ConfigurationError) {
        let ways = [
            !initialCluster.isEmpty, !discovery.dnsDomain.isEmpty,
            !discovery.endpoints.isEmpty,
        ]
        if ways.count(where: { $0 }) > 1 {
            throw ConfigurationError(Self.conflictingBootstrap)
        }
        if discovery.token.isEmpty != discovery.endpoints.isEmpty {
            throw ConfigurationError("both --discovery-token and --discovery-endpoints must be set")
        }
        if discovery.endpoints.values.contains(where: { $0.allSatisfy(\.isWhitespace) }) {
            throw ConfigurationError("--discovery-endpoints must not contain empty endpoints")
        }
    }

    private func checkTiming() throws(ConfigurationError) {
        let heartbeat = heartbeatIntervalMilliseconds
        let election = electionTimeoutMilliseconds
        if heartbeat == 0 {
            throw ConfigurationError("--heartbeat-interval must be >0 (set to 0ms)")
        }
        if election == 0 {
            throw ConfigurationError("--election-timeout must be >0 (set to 0ms)")
        }
        let (fiveHeartbeats, overflow) = heartbeat.multipliedReportingOverflow(by: 5)
        if overflow || fiveHeartbeats > election {
            throw ConfigurationError(
                "--election-timeout[\(election)ms] should be at least as 5 times as "
                    + "--heartbeat-interval[\(heartbeat)ms]")
        }
        if election > Self.electionMillisecondsMax {
            throw ConfigurationError(
                "--election-timeout[\(election)ms] is too long, and should be set less than "
                    + "\(Self.electionMillisecondsMax)ms")
        }
    }

    private func checkCompactionMode() throws(ConfigurationError) {
        switch autoCompactionMode {
        case "periodic", "revision": return
        case "": throw ConfigurationError("undefined auto-compaction-mode")
        default:
            throw ConfigurationError(
                "unknown auto-compaction-mode \(autoCompactionMode.goQuoted)")
        }
    }

    private func checkTracing() throws(ConfigurationError) {
        guard tracing.isEnabled else { return }
        let prefix = "distributed tracing configurition is not valid: "
        if tracing.samplingRatePerMillion < 0 {
            throw ConfigurationError(prefix + "(tracing sampling rate must be positive)")
        }
        if tracing.samplingRatePerMillion > 1_000_000 {
            throw ConfigurationError(prefix + "(tracing sampling rate must be less than 1000000)")
        }
    }

    private func checkFeatures(logger: ServerLogger) throws(ConfigurationError) {
        let checkpoints = featureGates.isEnabled(.leaseCheckpoint)
        let persists = featureGates.isEnabled(.leaseCheckpointPersist)
        if checkpoints && !persists {
            logger.warn(
                "Detected that checkpointing is enabled without persistence. Consider enabling "
                    + "feature gate LeaseCheckpointPersist")
        }
        if persists && !checkpoints {
            throw ConfigurationError(
                "enabling feature gate LeaseCheckpointPersist requires enabling feature gate "
                    + "LeaseCheckpoint")
        }
        if compactHashCheckTime <= .zero {
            throw ConfigurationError(
                "--compact-hash-check-time must be >0 (set to \(compactHashCheckTime.flagText))")
        }
        if corruptCheckTime < .zero {
            throw ConfigurationError(
                "--corrupt-check-time must be >=0 (set to \(corruptCheckTime.flagText))")
        }
        if downgradeCheckTime <= .zero {
            throw ConfigurationError(
                "--downgrade-check-time must be >0 (set to \(downgradeCheckTime.flagText))")
        }
    }

    private func checkTLS() throws(ConfigurationError) {
        let least = try Self.tlsRank(tlsVersionMin)
        let most = try Self.tlsRank(tlsVersionMax)
        if most != 0 && least > most {
            throw ConfigurationError(
                "min version (\(tlsVersionMin)) is greater than max version (\(tlsVersionMax))")
        }
        if tlsVersionMin == "TLS1.3" && !cipherSuites.isEmpty {
            throw ConfigurationError(
                "cipher suites cannot be configured when only TLS1.3 is enabled")
        }
    }

    private static func tlsRank(_ version: String) throws(ConfigurationError) -> Int {
        switch version {
        case "": return 0
        case "TLS1.2": return 2
        case "TLS1.3": return 3
        default:
            throw ConfigurationError(
                "unexpected TLS version \(version.goQuoted) (must be one of: TLS1.2, TLS1.3)")
        }
    }
}
