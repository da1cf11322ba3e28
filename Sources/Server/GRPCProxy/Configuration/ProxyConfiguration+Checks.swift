import GoText
import TLS

/// Why a proxy does not start, with etcd's text.
package struct ProxyStartError: Error, CustomStringConvertible {
    package let description: String
    /// Whether etcd writes it as a fatal line of its log, with this message.
    package let logMessage: String?

    init(_ description: String, logMessage: String? = nil) {
        self.description = description
        self.logMessage = logMessage
    }
}

extension ProxyConfiguration {
    /// Checks the flags against each other, in etcd's order.
    package func check() throws(ProxyStartError) {
        try checkResolver()
        if listening.isAutomatic, listening.validityYears == 0 {
            throw ProxyStartError("selfSignedCertValidity is invalid,it should be greater than 0")
        }
        let versionMin = try version(listening.versionMin, of: "tls-min-version") ?? .v12
        let versionMax = try version(listening.versionMax, of: "tls-max-version")
        do throws(TLSConfigurationError) {
            try TLSVersion.check(
                min: versionMin, max: versionMax, cipherSuites: listening.cipherSuites)
        } catch {
            throw ProxyStartError(error.description)
        }
    }

    private func checkResolver() throws(ProxyStartError) {
        guard !resolverPrefix.isEmpty || resolverTTLSeconds > 0 else { return }
        if resolverTTLSeconds < 1 {
            throw ProxyStartError("invalid resolver-ttl \(resolverTTLSeconds)")
        }
        if resolverPrefix.isEmpty {
            throw ProxyStartError("invalid resolver-prefix \(resolverPrefix.goQuoted)")
        }
        if advertisedURL.isEmpty {
            throw ProxyStartError("invalid advertise-client-url \(advertisedURL.goQuoted)")
        }
    }

    private func version(
        _ text: String, of flag: String
    ) throws(ProxyStartError) -> TLSVersion? {
        do throws(TLSConfigurationError) {
            return try TLSVersion.parse(flag: text)
        } catch {
            throw ProxyStartError("\(flag) is invalid: \(error)")
        }
    }
}
