package import ConnectionIdentity

/// The parsers of files and of presented certificates, for fuzzers.
package enum TLSFileParsers {
    /// The names of a certificate in DER, and whether it is valid for a host. nil: malformed.
    package static func certificate(
        _ der: [UInt8], validFor host: String
    ) -> (identity: CertificateIdentity, isValid: Bool)? {
        guard let certificate = try? X509Certificate(der) else { return nil }
        let chain = VerifiedChain(
            leaf: certificate, serialNumbers: [certificate.serialNumber],
            validFrom: certificate.notBefore, validUntil: certificate.notAfter)
        let isValid = HostName.matches(certificate, host)
        if !isValid { _ = HostName.mismatch(certificate, host) }
        return (chain.identity, isValid)
    }

    /// Whether a chain leads from the first certificate to one of `trusted`. All are in DER.
    package static func verify(_ presented: [[UInt8]], trusted: [[UInt8]]) -> Bool {
        let pool = CertificatePool(trusted.compactMap { try? X509Certificate($0) })
        let store = TrustStore(pool, usage: .clientAuth)
        return (try? store.verify(presented, host: nil, now: .now)) != nil
    }

    /// How many serial numbers a revocation list in DER has. nil: malformed.
    package static func revocationList(_ der: [UInt8]) -> Int? {
        try? RevocationList(der).serialNumbers.count
    }

    /// Whether a private key in DER can be parsed.
    package static func privateKey(_ der: [UInt8]) -> Bool {
        (try? PrivateKey(der)) != nil
    }

    /// The types and contents of the blocks of a PEM file.
    package static func blocks(_ pem: [UInt8]) -> [(type: String, content: [UInt8])] {
        PEM.blocks(pem).map { ($0.type, $0.content) }
    }

    /// Writes a block of PEM.
    package static func encode(_ content: [UInt8], type: String) -> [UInt8] {
        PEM.encode(content, type: type)
    }

    /// Whether a PEM file holds a certificate, and another its key.
    package static func keyPair(certificates: [UInt8], key: [UInt8]) -> Bool {
        (try? KeyPair(certificates: certificates, key: key)) != nil
    }
}
