extension FlagTable {
    private static let client = "client-transport-security."
    private static let peer = "peer-transport-security."

    static let security: [FlagDefinition] = [
        .flag(
            "cert-file", \.clientSecurity.certificateFile, .security, file: client + "cert-file",
            "Certificate of the client listeners."),
        .flag(
            "key-file", \.clientSecurity.keyFile, .security, file: client + "key-file",
            "Key of the certificate in --cert-file."),
        .flag(
            "client-cert-file", \.clientSecurity.clientCertificateFile, .security,
            file: client + "client-cert-file",
            "Certificate that this server shows when it is itself a client."),
        .flag(
            "client-key-file", \.clientSecurity.clientKeyFile, .security,
            file: client + "client-key-file", "Key of the certificate in --client-cert-file."),
        .flag(
            "client-cert-auth", \.clientSecurity.clientCertificateAuth, .security,
            file: client + "client-cert-auth", "Require a certificate of each client."),
        .flag(
            "client-crl-file", \.clientSecurity.revocationListFile, .security, file: "",
            "List of revoked client certificates."),
        .flag(
            "client-cert-allowed-hostname", \.clientSecurity.allowedHostnames, .security,
            file: client + "allowed-hostname", "Host names accepted in a client certificate."),
        .flag(
            "trusted-ca-file", \.clientSecurity.trustedCAFile, .security,
            file: client + "trusted-ca-file", "Authorities to check client certificates against."),
        .flag(
            "auto-tls", \.clientSecurity.autoTLS, .security, file: client + "auto-tls",
            "Serve clients with a certificate made at the start."),
        .flag(
            "self-signed-cert-validity", \.selfSignedCertificateValidityYears, .security,
            "Years that a certificate made at the start is valid."),
        .flag(
            "cipher-suites", \.cipherSuites, .security, "TLS cipher suites to offer, by name."),
        .flag(
            "tls-min-version", \.tlsVersionMin, .security,
            "Lowest TLS version to accept: TLS1.2 or TLS1.3."),
        .flag(
            "tls-max-version", \.tlsVersionMax, .security,
            "Highest TLS version to accept: TLS1.2 or TLS1.3."),
        .flag(
            "cors", \.cors, .security, "Origins that browsers may call from; * or empty for all."),
        .flag(
            "host-whitelist", \.hostWhitelist, .security,
            "Host names served over plaintext HTTP; * or empty for all."),
        .flag(
            "auth-token", \.authToken, .auth,
            "Kind of authentication token: simple, or jwt and its options."),
        .flag("bcrypt-cost", \.bcryptCost, .auth, "Cost of hashing a password, 4 to 31."),
        .flag(
            "auth-token-ttl", \.authTokenTTLSeconds, .auth,
            "Seconds that an authentication token is valid."),
    ]

    static let peerSecurity: [FlagDefinition] = [
        .flag(
            "peer-cert-file", \.peerSecurity.certificateFile, .security,
            file: peer + "cert-file", "Certificate of the peer listeners."),
        .flag(
            "peer-key-file", \.peerSecurity.keyFile, .security, file: peer + "key-file",
            "Key of the certificate in --peer-cert-file."),
        .flag(
            "peer-client-cert-file", \.peerSecurity.clientCertificateFile, .security,
            file: peer + "client-cert-file",
            "Certificate that this member shows to other members."),
        .flag(
            "peer-client-key-file", \.peerSecurity.clientKeyFile, .security,
            file: peer + "client-key-file", "Key of the certificate in --peer-client-cert-file."),
        .flag(
            "peer-client-cert-auth", \.peerSecurity.clientCertificateAuth, .security,
            file: peer + "client-cert-auth", "Require a certificate of each member."),
        .flag(
            "peer-trusted-ca-file", \.peerSecurity.trustedCAFile, .security,
            file: peer + "trusted-ca-file",
            "Authorities to check the certificates of members against."),
        .flag(
            "peer-auto-tls", \.peerSecurity.autoTLS, .security, file: peer + "auto-tls",
            "Serve members with a certificate made at the start."),
        .flag(
            "peer-crl-file", \.peerSecurity.revocationListFile, .security, file: "",
            "List of revoked member certificates."),
        .flag(
            "peer-cert-allowed-cn", \.peerSecurity.allowedCommonNames, .security,
            file: peer + "allowed-cn", "Common names accepted in a peer certificate."),
        .flag(
            "peer-cert-allowed-hostname", \.peerSecurity.allowedHostnames, .security,
            file: peer + "allowed-hostname", "Host names accepted in a peer certificate."),
        .flag(
            "peer-skip-client-san-verification", \.peerSecurity.skipClientSANVerification,
            .features, file: peer + "skip-client-san-verification",
            "Do not compare a member's address with its certificate."),
    ]
}
