/// The configuration of one member, with etcd's defaults.
///
/// A plain value: `ConfigurationLoader` loads it and `ServerConfiguration+Validation` checks it.
/// As in etcd a duration of zero means the built-in default; the `effective...` properties resolve
/// it.
package struct ServerConfiguration: Sendable {
    // Member
    package var name = Self.defaultName
    package var dataDirectory = ""
    package var walDirectory = ""
    package var snapshotCount: UInt64 = 10_000
    package var snapshotCatchUpEntries: UInt64 = 5_000
    package var heartbeatIntervalMilliseconds: UInt = 100
    package var electionTimeoutMilliseconds: UInt = 1_000
    package var initialElectionTickAdvance = true
    package var listenPeerURLs = Self.localhost(2380)
    package var listenClientURLs = Self.localhost(2379)
    package var listenClientHTTPURLs = EndpointURLList([])
    package var listenMetricsURLs = EndpointURLList([])
    package var snapshotFilesMax: UInt = 5
    package var walFilesMax: UInt = 5
    package var lockMemory = false
    package var quotaBackendBytes: Int64 = 0
    package var quotaBackendRule = QuotaRule.inUse
    package var backendFreelistType = ""
    package var backendBatchInterval = Duration.zero
    package var backendBatchMax = 0
    package var transactionOperationsMax: UInt = 128
    package var requestBytesMax: UInt = 1_572_864
    package var concurrentStreamsMax = UInt32.max
    package var keepaliveTimeMin = Duration.seconds(5)
    package var keepaliveInterval = Duration.seconds(7_200)
    package var keepaliveTimeout = Duration.seconds(20)
    package var socketReusePort = false
    package var socketReuseAddress = false
    package var enableGRPCGateway = true
    package var raftReadTimeout = Duration.seconds(5)
    package var raftWriteTimeout = Duration.seconds(5)
    package var featureGates = FeatureGates()

    // Clustering
    package var initialAdvertisePeerURLs = Self.localhost(2380)
    package var advertiseClientURLs = Self.localhost(2379)
    package var initialCluster = Self.defaultInitialCluster
    package var initialClusterState = InitialClusterState.new
    package var initialClusterToken = "etcd-cluster"
    package var discovery = DiscoveryConfiguration()
    package var strictReconfigCheck = true
    package var preVote = true
    package var autoCompactionRetention = "0"
    package var autoCompactionMode = "periodic"
    package var v2Deprecation = V2Deprecation()

    // Security and authentication
    package var clientSecurity = TransportSecurity()
    package var peerSecurity = TransportSecurity()
    package var selfSignedCertificateValidityYears: UInt = 1
    package var cipherSuites = StringList()
    package var tlsVersionMin = "TLS1.2"
    package var tlsVersionMax = ""
    package var cors = AllowedOrigins(allowingAll: ())
    package var hostWhitelist = UniqueStringList(["*"])
    package var authToken = "simple"
    package var bcryptCost: UInt = 10
    package var authTokenTTLSeconds: UInt = 300

    // Observation
    package var enableProfiling = false
    package var metrics = "basic"
    package var logging = LoggingConfiguration()
    package var warningUnaryRequestDuration = Duration.milliseconds(300)
    package var tracing = TracingConfiguration()

    // Features
    package var corruptCheckTime = Duration.zero
    package var compactHashCheckTime = Duration.seconds(60)
    package var compactionBatchMax = 0
    package var compactionSleepInterval = Duration.zero
    package var watchProgressNotifyInterval = Duration.zero
    package var downgradeCheckTime = Duration.seconds(5)
    package var warningApplyDuration = Duration.milliseconds(100)
    package var bootstrapDefragThresholdMegabytes: UInt = 0
    package var learnersMax = 1
    package var unsafeNoFsync = false
    package var forceNewCluster = false

    /// Names of the flags that were given in any way; defaults count as not given.
    package var explicitlySet: Set<String> = []

    package init() {}

    package static let defaultName = "default"
    package static let defaultInitialCluster = "default=http://localhost:2380"

    static func localhost(_ port: Int) -> EndpointURLList {
        let parsed = try? EndpointURLList(flagText: "http://localhost:\(port)")
        return parsed ?? EndpointURLList([])
    }
}

/// Certificates and their verification, for client or for peer connections.
package struct TransportSecurity: Sendable, Equatable {
    package var certificateFile = ""
    package var keyFile = ""
    package var clientCertificateFile = ""
    package var clientKeyFile = ""
    package var clientCertificateAuth = false
    package var trustedCAFile = ""
    package var revocationListFile = ""
    package var allowedCommonNames = StringList()
    package var allowedHostnames = StringList()
    package var autoTLS = false
    package var skipClientSANVerification = false

    package init() {}
}

/// How to find the other members of a new cluster through another etcd or DNS.
package struct DiscoveryConfiguration: Sendable, Equatable {
    package var token = ""
    package var endpoints = UniqueStringList()
    package var dialTimeout = Duration.seconds(2)
    package var requestTimeout = Duration.seconds(5)
    package var keepaliveTime = Duration.seconds(2)
    package var keepaliveTimeout = Duration.seconds(6)
    package var insecureTransport = true
    package var insecureSkipVerify = false
    package var certificateFile = ""
    package var keyFile = ""
    package var trustedCAFile = ""
    package var user = ""
    package var password = ""
    package var fallback = DiscoveryFallback.exit
    package var dnsDomain = ""
    package var dnsServiceName = ""

    package init() {}
}

/// Outputs and format of the log; as texts, because they are validated after all flags are read.
package struct LoggingConfiguration: Sendable, Equatable {
    package static let defaultRotation =
        #"{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}"#

    package var logger = "zap"
    package var outputs = UniqueStringList(["default"])
    package var level = "info"
    package var format = "json"
    package var enableRotation = false
    package var rotation = Self.defaultRotation

    package init() {}
}

/// Distributed tracing, off by default.
package struct TracingConfiguration: Sendable, Equatable {
    package var isEnabled = false
    package var address = "localhost:4317"
    package var serviceName = "etcd"
    package var instanceID = ""
    package var samplingRatePerMillion = 0

    package init() {}
}
