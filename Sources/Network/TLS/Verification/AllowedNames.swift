internal import GoText

/// The names of which a verified certificate must have one.
struct AllowedNames: Sendable {
    var commonNames: [String]
    var hostnames: [String]

    /// What etcd logs about a certificate without such a name.
    static let refusal = "client certificate authentication failed"

    /// Throws etcd's text when both lists are given.
    init(_ configuration: TLSEndpointConfiguration) throws(TLSConfigurationError) {
        commonNames = configuration.allowedCommonNames
        hostnames = configuration.allowedHostnames
        guard commonNames.isEmpty || hostnames.isEmpty else {
            throw TLSConfigurationError(
                "AllowedCNs and AllowedHostnames are mutually exclusive "
                    + "(cns=\(commonNames.goQuoted), hostnames=\(hostnames.goQuoted))")
        }
    }

    /// Any certificate will do.
    var isEmpty: Bool { commonNames.isEmpty && hostnames.isEmpty }

    func permit(_ certificate: X509Certificate) -> Bool {
        isEmpty || commonNames.contains(certificate.subject.commonName)
            || hostnames.contains { HostName.matches(certificate, $0) }
    }
}
