import CommandParsing
import GRPCProxy

extension GRPCProxyCommand {
    static let flags: [Flag] = [
        Flag(
            "advertise-client-url", .string, "127.0.0.1:23790",
            "the address that clients of the proxy use; empty: the member list is etcd's"),
        Flag("auto-tls", .bool, "false", "client TLS with a certificate that the proxy makes"),
        Flag(
            "cacert", .string, "",
            "authorities that the certificates of members are checked against"),
        Flag("cert", .string, "", "certificate that is shown to members"),
        Flag("cert-file", .string, "", "certificate for connections of clients"),
        Flag("client-crl-file", .string, "", "revocation list for certificates of clients"),
        Flag("data-dir", .string, "default.proxy", "directory of the certificate of --auto-tls"),
        Flag("debug", .bool, "false", "log at level debug"),
        Flag(
            "dial-keepalive-time", .duration, "0s",
            "time without data after which a member is pinged; 0: never"),
        Flag(
            "dial-keepalive-timeout", .duration, "20s",
            "time after a ping until the connection to a member counts as lost"),
        Flag("discovery-srv", .string, "", "domain whose SRV records name the endpoints"),
        Flag("discovery-srv-name", .string, "", "name added to the service of the SRV records"),
        Flag("enable-pprof", .bool, "false", "serve /debug/pprof/"),
        Flag("endpoints", .list, "127.0.0.1:2379", "client addresses of the members"),
        Flag(
            "endpoints-auto-sync-interval", .duration, "0s",
            "how often the endpoints are replaced by the client URLs of the members; 0: never"),
        Flag(
            "experimental-enable-grpc-logging", .bool, "false",
            "log requests and responses with their contents"),
        Flag(
            "experimental-leasing-prefix", .string, "",
            "prefix of the keys by which the proxy owns keys that it reads"),
        Flag(
            "experimental-serializable-ordering", .bool, "false",
            "no serializable read is older than an earlier response"),
        Flag(
            "grpc-keepalive-interval", .duration, "2h0m0s",
            "time without data after which a client is pinged; 0: the default"),
        Flag(
            "grpc-keepalive-min-time", .duration, "5s", "shortest interval of pings of a client"),
        Flag(
            "grpc-keepalive-timeout", .duration, "20s",
            "time after a ping until the connection of a client is closed"),
        Flag("insecure-discovery", .bool, "false", "accept SRV records of endpoints without TLS"),
        Flag(
            "insecure-skip-tls-verify", .bool, "false",
            "accept any certificate of a member; for tests only"),
        Flag("key", .string, "", "key of the certificate that is shown to members"),
        Flag("key-file", .string, "", "key of the certificate for connections of clients"),
        Flag("listen-addr", .string, "127.0.0.1:23790", "address to listen on"),
        Flag("listen-cipher-suites", .list, "", "TLS cipher suites for clients"),
        Flag(
            "max-concurrent-streams", .uint64, "4294967295",
            "streams that a client may open at once on one connection"),
        Flag("max-recv-bytes", .int64, "2147483647", "limit of responses of members"),
        Flag("max-send-bytes", .int64, "1572864", "limit of requests to members"),
        Flag("metrics-addr", .string, "", "URL for metrics and health in addition"),
        Flag("namespace", .string, "", "prefix of all keys"),
        Flag("permit-without-stream", .bool, "false", "ping members also while no call is open"),
        Flag("resolver-prefix", .string, "", "prefix of the keys that list the proxies"),
        Flag("resolver-ttl", .int64, "0", "time to live of the key of this proxy in seconds"),
        Flag(
            "self-signed-cert-validity", .uint64, "1",
            "validity of the certificate of --auto-tls in years"),
        Flag("tls-max-version", .string, "", "highest TLS version for clients: TLS1.2 or TLS1.3"),
        Flag(
            "tls-min-version", .string, "TLS1.2",
            "lowest TLS version for clients: TLS1.2 or TLS1.3"),
        Flag("trusted-ca-file", .string, "", "authorities that clients need a certificate of"),
    ]
}

extension ProxyConfiguration {
    init(_ flags: FlagValues) {
        self.init()
        listenAddress = flags.string("listen-addr")
        metricsAddress = flags.string("metrics-addr")
        endpoints = flags.list("endpoints")
        discovery.domain = flags.string("discovery-srv")
        discovery.serviceName = flags.string("discovery-srv-name")
        discovery.allowsPlaintext = flags.bool("insecure-discovery")
        endpointSyncInterval = flags.duration("endpoints-auto-sync-interval")
        advertisedURL = flags.string("advertise-client-url")
        resolverPrefix = flags.string("resolver-prefix")
        resolverTTLSeconds = flags.int64("resolver-ttl")
        namespace = flags.string("namespace")
        leasingPrefix = flags.string("experimental-leasing-prefix")
        ordersSerializableReads = flags.bool("experimental-serializable-ordering")
        logsCalls = flags.bool("experimental-enable-grpc-logging")
        isDebug = flags.bool("debug")
        servesProfiles = flags.bool("enable-pprof")
        dataDirectory = flags.string("data-dir")
        setSecurity(flags)
        setLimits(flags)
    }

    private mutating func setSecurity(_ flags: FlagValues) {
        listening.certificateFile = flags.string("cert-file")
        listening.keyFile = flags.string("key-file")
        listening.trustedCAFile = flags.string("trusted-ca-file")
        listening.revocationListFile = flags.string("client-crl-file")
        listening.isAutomatic = flags.bool("auto-tls")
        listening.validityYears = flags.uint64("self-signed-cert-validity")
        listening.cipherSuites = flags.list("listen-cipher-suites")
        listening.versionMin = flags.string("tls-min-version")
        listening.versionMax = flags.string("tls-max-version")
        dialing.certificateFile = flags.string("cert")
        dialing.keyFile = flags.string("key")
        dialing.authoritiesFile = flags.string("cacert")
        dialing.skipsVerification = flags.bool("insecure-skip-tls-verify")
    }

    private mutating func setLimits(_ flags: FlagValues) {
        limits.sendBytesMax = flags.int64("max-send-bytes")
        limits.receiveBytesMax = flags.int64("max-recv-bytes")
        limits.concurrentStreamsMax = UInt32(clamping: flags.uint64("max-concurrent-streams"))
        limits.keepaliveIntervalMin = flags.duration("grpc-keepalive-min-time")
        limits.keepaliveInterval = flags.duration("grpc-keepalive-interval")
        limits.keepaliveTimeout = flags.duration("grpc-keepalive-timeout")
        limits.dialKeepaliveInterval = flags.duration("dial-keepalive-time")
        limits.dialKeepaliveTimeout = flags.duration("dial-keepalive-timeout")
        limits.permitsPingsWithoutStreams = flags.bool("permit-without-stream")
    }
}
