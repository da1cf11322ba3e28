/// What this version does not do yet though etcd has a flag for it.
///
/// A configuration that asks for one of these is refused, so that no flag is silently without
/// effect. Once a feature works, its row goes.
package enum LaterFeatures {
    /// One feature, and when a configuration asks for it.
    struct Feature: Sendable {
        let flag: String
        let isAskedFor: @Sendable (ServerConfiguration) -> Bool

        /// Asked for by any value other than the default.
        static func flag(_ name: String) -> Feature {
            Feature(flag: name) { configuration in
                guard let definition = FlagTable.find(name) else { return false }
                return definition.read(configuration) != definition.read(ServerConfiguration())
            }
        }

        static func when(
            _ flag: String, _ isAskedFor: @escaping @Sendable (ServerConfiguration) -> Bool
        ) -> Feature {
            Feature(flag: flag, isAskedFor: isAskedFor)
        }

        static func gate(_ gate: FeatureGate) -> Feature {
            Feature(flag: "feature-gates=\(gate.rawValue)=true") {
                $0.featureGates.isEnabled(gate)
            }
        }
    }

    static let table: [Feature] = [
        // Several members
        .gate(.setMemberLocalAddr),
        // Discovery by a registry that wants TLS or a password
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
        // Behaviour
    ]

    /// Refuses a configuration that asks for what is not there yet, naming the flag.
    static func check(_ configuration: ServerConfiguration) throws(ConfigurationError) {
        for feature in table where feature.isAskedFor(configuration) {
            throw ConfigurationError(
                "--\(feature.flag) is not supported by this version of swift-etcd")
        }
    }
}

extension EndpointURLList {
    fileprivate var hasSecureURL: Bool { urls.contains { $0.scheme.isSecure } }
}
