internal import ConnectionIdentity

/// Certificates that the other side has presented and that were verified.
struct VerifiedChain: Sendable {
    let leaf: X509Certificate
    /// Of every certificate presented, in their order.
    let serialNumbers: [[UInt8]]
    /// The first and the last second, since 1970, in which the chain is valid.
    let validFrom: Int64
    let validUntil: Int64

    var identity: CertificateIdentity {
        CertificateIdentity(
            commonName: leaf.subject.commonName,
            dnsNames: leaf.extensions.alternativeNames?.dnsNames ?? [],
            ipAddresses: leaf.extensions.alternativeNames?.ipAddresses.map(\.text) ?? [])
    }

    func isValid(at time: WallClock) -> Bool {
        time.seconds >= validFrom && !time.isAfter(validUntil)
    }
}
