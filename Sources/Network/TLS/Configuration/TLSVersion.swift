internal import GoText

/// A version of TLS that can be configured.
package enum TLSVersion: String, Sendable, Hashable, Comparable, CaseIterable {
    case v12 = "TLS1.2"
    case v13 = "TLS1.3"

    /// The value of `--tls-min-version` or `--tls-max-version`; nil for an empty one.
    /// - Throws: etcd's text for any other value.
    package static func parse(flag value: String) throws(TLSConfigurationError) -> TLSVersion? {
        if value.isEmpty { return nil }
        if let version = TLSVersion(rawValue: value) { return version }
        throw TLSConfigurationError(
            "unexpected TLS version \(value.goQuoted) (must be one of: TLS1.2, TLS1.3)")
    }

    /// Checks versions and cipher suites against each other, before the names of the suites are
    /// checked.
    package static func check(
        min: TLSVersion, max: TLSVersion?, cipherSuites: [String]
    ) throws(TLSConfigurationError) {
        if let max, min > max {
            throw TLSConfigurationError(
                "min version (\(min.rawValue)) is greater than max version (\(max.rawValue))")
        }
        if min == .v13, !cipherSuites.isEmpty {
            throw TLSConfigurationError(
                "cipher suites cannot be configured when only TLS1.3 is enabled")
        }
    }

    package static func < (left: TLSVersion, right: TLSVersion) -> Bool {
        left == .v12 && right == .v13
    }
}
