/// Who is on the other side of a connection, as far as the connection itself shows.
package enum ConnectionIdentity: Sendable, Hashable {
    /// Not encrypted; the other side is unknown.
    case plaintext
    /// Encrypted; the certificate that the other side has shown and that was verified, if one was
    /// asked for.
    case encrypted(CertificateIdentity?)

    package var isEncrypted: Bool { self != .plaintext }

    /// The verified certificate of the other side.
    package var certificate: CertificateIdentity? {
        if case .encrypted(let certificate) = self { return certificate }
        return nil
    }
}

/// The names in a verified certificate.
package struct CertificateIdentity: Sendable, Hashable {
    /// The common name of the subject; empty without one.
    package var commonName: String
    /// DNS names of the subject alternative name.
    package var dnsNames: [String]
    /// IP addresses of the subject alternative name, as Go writes them: `10.0.0.1`, `fe80::1`.
    package var ipAddresses: [String]

    package init(commonName: String, dnsNames: [String] = [], ipAddresses: [String] = []) {
        self.commonName = commonName
        self.dnsNames = dnsNames
        self.ipAddresses = ipAddresses
    }
}
