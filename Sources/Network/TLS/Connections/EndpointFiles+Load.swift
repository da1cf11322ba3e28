extension EndpointFiles {
    /// Reads the files of a server, in the order and with the errors of etcd.
    convenience init(
        server configuration: TLSEndpointConfiguration, applicationProtocols: [String],
        observe: @escaping @Sendable (TLSEvent) -> Void
    ) throws(TLSConfigurationError) {
        let asksForCertificate =
            !configuration.trustedCAFile.isEmpty || configuration.requiresClientCertificate
        let factory = try ContextFactory(
            .server, configuration, applicationProtocols: applicationProtocols,
            asksForCertificate: asksForCertificate)
        var parts = Parts()
        parts.keyPair = try Self.keyPair(
            configuration.certificateFile, configuration.keyFile, factory)
        try Self.checkClientPair(configuration)
        _ = try AllowedNames(configuration)
        if asksForCertificate {
            try Self.loadTrust(configuration.trustedCAFile, .clientAuth, &parts)
            if !configuration.revocationListFile.isEmpty {
                parts.revocation = try WatchedFiles([configuration.revocationListFile]) {
                    Revocation($0)
                }
            }
        }
        try self.init(parts, factory, observe: observe)
    }

    /// Reads the files of a client, in the order and with the errors of etcd.
    convenience init(
        client configuration: TLSEndpointConfiguration, applicationProtocols: [String],
        observe: @escaping @Sendable (TLSEvent) -> Void
    ) throws(TLSConfigurationError) {
        let allowed = try AllowedNames(configuration)
        let verifies = !configuration.skipsServerVerification
        let factory = try ContextFactory(
            .client, configuration, applicationProtocols: applicationProtocols,
            // Without verification no certificate has an allowed name.
            asksForCertificate: verifies || !allowed.isEmpty)
        var parts = Parts()
        if !configuration.certificateFile.isEmpty || !configuration.keyFile.isEmpty {
            parts.keyPair = try Self.keyPair(
                configuration.certificateFile, configuration.keyFile, factory)
            try Self.checkClientPair(configuration)
            if !configuration.clientCertificateFile.isEmpty {
                parts.keyPair = try Self.keyPair(
                    configuration.clientCertificateFile, configuration.clientKeyFile, factory)
            }
        }
        if verifies || !configuration.trustedCAFile.isEmpty {
            try Self.loadTrust(configuration.trustedCAFile, .serverAuth, &parts)
        }
        try self.init(parts, factory, observe: observe)
    }

    private static func keyPair(
        _ certificateFile: String, _ keyFile: String, _ factory: ContextFactory
    ) throws(TLSConfigurationError) -> WatchedFiles<KeyPair> {
        guard !certificateFile.isEmpty, !keyFile.isEmpty else {
            throw TLSConfigurationError(
                "KeyFile and CertFile must both be present"
                    + "[key: \(keyFile), cert: \(certificateFile)]")
        }
        return try WatchedFiles([certificateFile, keyFile]) {
            contents throws(TLSConfigurationError) in
            let files = try contents.get()
            let pair = try KeyPair(certificates: files[0], key: files[1])
            // Whether BoringSSL takes them is known only now.
            _ = try factory.make(pair, trusted: [])
            return pair
        }
    }

    /// The certificate for dialing is checked on each side that has the flag.
    private static func checkClientPair(
        _ configuration: TLSEndpointConfiguration
    ) throws(TLSConfigurationError) {
        let certificate = configuration.clientCertificateFile
        let key = configuration.clientKeyFile
        guard certificate.isEmpty == key.isEmpty else {
            throw TLSConfigurationError(
                "ClientKeyFile and ClientCertFile must both be present or both absent: "
                    + "key: \(key), cert: \(certificate)]")
        }
        if !certificate.isEmpty {
            _ = try KeyPair(certificateFile: certificate, keyFile: key)
        }
    }

    private static func loadTrust(
        _ path: String, _ usage: ChainVerifier.Usage, _ parts: inout Parts
    ) throws(TLSConfigurationError) {
        guard !path.isEmpty else {
            parts.systemTrust = TrustStore(SystemRoots.load(), usage: usage)
            return
        }
        parts.trust = try WatchedFiles([path]) { contents throws(TLSConfigurationError) in
            let files = try contents.get()
            return TrustStore(try CertificatePool(trusted: files[0]), usage: usage)
        }
    }
}
