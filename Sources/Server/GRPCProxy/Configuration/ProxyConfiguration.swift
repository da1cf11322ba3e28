import Glibc

/// The flags of `etcd grpc-proxy start`, with etcd's defaults.
package struct ProxyConfiguration: Sendable {
    /// `host:port`.
    package var listenAddress = "127.0.0.1:23790"
    /// A URL; empty: metrics and health are only on the listen address.
    package var metricsAddress = ""
    package var endpoints: [String] = ["127.0.0.1:2379"]
    package var discovery = Discovery()
    /// Zero: the endpoints stay as they are.
    package var endpointSyncInterval = Duration.zero
    /// What clients are to use; empty: the member list is etcd's.
    package var advertisedURL = "127.0.0.1:23790"
    package var resolverPrefix = ""
    package var resolverTTLSeconds: Int64 = 0
    package var namespace = ""
    package var leasingPrefix = ""
    package var ordersSerializableReads = false
    package var logsCalls = false
    package var isDebug = false
    package var servesProfiles = false
    package var dataDirectory = "default.proxy"
    /// The side of the clients.
    package var listening = ListeningSecurity()
    /// The side of the members.
    package var dialing = DialingSecurity()
    package var limits = Limits()

    package init() {}

    /// Endpoints from SRV records.
    package struct Discovery: Sendable {
        package var domain = ""
        package var serviceName = ""
        package var allowsPlaintext = false

        package init() {}
    }

    /// Certificates and versions of TLS for clients.
    package struct ListeningSecurity: Sendable {
        package var certificateFile = ""
        package var keyFile = ""
        package var trustedCAFile = ""
        package var revocationListFile = ""
        package var isAutomatic = false
        package var validityYears: UInt64 = 1
        package var cipherSuites: [String] = []
        package var versionMin = "TLS1.2"
        package var versionMax = ""

        package init() {}
    }

    /// Certificates for connections to members.
    package struct DialingSecurity: Sendable {
        package var certificateFile = ""
        package var keyFile = ""
        package var authoritiesFile = ""
        package var skipsVerification = false

        package init() {}

        /// Whether an endpoint without a scheme is dialed with TLS.
        var isGiven: Bool {
            !certificateFile.isEmpty || !keyFile.isEmpty || !authoritiesFile.isEmpty
                || skipsVerification
        }
    }

    /// Sizes, streams and keepalive.
    package struct Limits: Sendable {
        package var sendBytesMax: Int64 = 1_572_864
        package var receiveBytesMax: Int64 = 2_147_483_647
        package var concurrentStreamsMax: UInt32 = .max
        package var keepaliveIntervalMin = Duration.seconds(5)
        package var keepaliveInterval = Duration.seconds(2 * 3600)
        package var keepaliveTimeout = Duration.seconds(20)
        /// Zero: members are not pinged.
        package var dialKeepaliveInterval = Duration.zero
        package var dialKeepaliveTimeout = Duration.seconds(20)
        package var permitsPingsWithoutStreams = false

        package init() {}
    }

    /// The name under which this proxy is registered and listed.
    static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
