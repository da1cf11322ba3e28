/// Features of etcd's flags that this version does not support yet.
///
/// A configuration that uses one of them is refused, so that no flag is silently ignored. Once a
/// feature is supported, its row is removed.
package enum LaterFeatures {
    /// One feature, and whether a configuration uses it.
    struct Feature: Sendable {
        let flag: String
        let isUsed: @Sendable (ServerConfiguration) -> Bool

        /// Used by any value other than the default.
        static func flag(_ name: String) -> Feature {
            Feature(flag: name) { configuration in
                guard let definition = FlagTable.find(name) else { return false }
                return definition.read(configuration) != definition.read(ServerConfiguration())
            }
        }

        static func when(
            _ flag: String, _ isUsed: @escaping @Sendable (ServerConfiguration) -> Bool
        ) -> Feature {
            Feature(flag: flag, isUsed: isUsed)
        }

        static func gate(_ gate: FeatureGate) -> Feature {
            Feature(flag: "feature-gates=\(gate.rawValue)=true") {
                $0.featureGates.isEnabled(gate)
            }
        }
    }

    static let table: [Feature] = [
        // Peer connections
        .gate(.setMemberLocalAddr),
        // Discovery with TLS or a password
        .when("discovery-endpoints with TLS") { configuration in
            configuration.discovery.endpoints.values.contains { $0.hasPrefix("https://") }
        },
        .flag("discovery-insecure-transport"), .flag("discovery-insecure-skip-tls-verify"),
        .flag("discovery-cert"), .flag("discovery-key"), .flag("discovery-cacert"),
        .flag("discovery-user"), .flag("discovery-password"),
        // TLS
        .when("listen-client-urls with TLS") { $0.listenClientURLs.hasSecureURL },
        .when("listen-client-http-urls with TLS") { $0.listenClientHTTPURLs.hasSecureURL },
        .when("listen-peer-urls with TLS") { $0.listenPeerURLs.hasSecureURL },
        .when("initial-advertise-peer-urls with TLS") {
            $0.initialAdvertisePeerURLs.hasSecureURL
        },
        .when("listen-metrics-urls with TLS") { $0.listenMetricsURLs.hasSecureURL },
        .flag("cert-file"), .flag("key-file"), .flag("client-cert-file"), .flag("client-key-file"),
        .flag("client-cert-auth"), .flag("client-crl-file"), .flag("client-cert-allowed-hostname"),
        .flag("trusted-ca-file"), .flag("auto-tls"),
        .flag("peer-cert-file"), .flag("peer-key-file"), .flag("peer-client-cert-file"),
        .flag("peer-client-key-file"), .flag("peer-client-cert-auth"), .flag("peer-crl-file"),
        .flag("peer-cert-allowed-cn"), .flag("peer-cert-allowed-hostname"),
        .flag("peer-trusted-ca-file"), .flag("peer-auto-tls"),
        .flag("peer-skip-client-san-verification"),
        .flag("cipher-suites"), .flag("tls-min-version"), .flag("tls-max-version"),
        // Authentication
        .flag("bcrypt-cost"), .flag("auth-token-ttl"), .flag("self-signed-cert-validity"),
        .when("auth-token=jwt") { $0.authToken.split(separator: ",").first == "jwt" },
        // Observation
        .flag("enable-distributed-tracing"),
        .flag("distributed-tracing-address"), .flag("distributed-tracing-service-name"),
        .flag("distributed-tracing-instance-id"), .flag("distributed-tracing-sampling-rate"),
    ]

    /// Refuses a configuration that uses an unsupported feature, naming the flag.
    static func check(_ configuration: ServerConfiguration) throws(ConfigurationError) {
        for feature in table where feature.isUsed(configuration) {
            throw ConfigurationError(
                "--\(feature.flag) is not supported by this version of swift-etcd")
        }
    }
}

extension EndpointURLList {
    fileprivate var hasSecureURL: Bool { urls.contains { $0.scheme.isSecure } }
}
