/// The certificates and rules of one kind of connection: client listener, peer listener, dialing.
package struct TLSEndpointConfiguration: Sendable, Hashable {
    /// `--cert-file`: the certificate and its intermediates, PEM.
    package var certificateFile = ""
    /// `--key-file`: the private key of the certificate, PEM.
    package var keyFile = ""
    /// The certificate that is shown when dialing. Empty: `certificateFile`.
    package var clientCertificateFile = ""
    package var clientKeyFile = ""
    /// The certificates that are trusted, PEM. Empty: the roots of the system.
    package var trustedCAFile = ""
    /// `--client-cert-auth`. A `trustedCAFile` alone makes client certificates mandatory as well.
    package var requiresClientCertificate = false
    /// A DER file; the serial numbers in it are refused by servers.
    package var revocationListFile = ""
    /// Common names of which the other side must have one. Empty: any.
    package var allowedCommonNames: [String] = []
    /// Names or addresses of which one must be valid for the certificate of the other side.
    package var allowedHostnames: [String] = []
    /// Dialing only: auto TLS, `--insecure-skip-tls-verify`.
    package var skipsServerVerification = false
    package var versionMin: TLSVersion = .v12
    package var versionMax: TLSVersion?
    /// Names of Go. Empty: the default.
    package var cipherSuites: [String] = []

    package init() {}
}
