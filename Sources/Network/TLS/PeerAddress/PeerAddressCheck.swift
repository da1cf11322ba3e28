internal import GoText
package import ConnectionIdentity
package import NIOCore
internal import NIOPosix

/// The check of a peer's certificate against the address that the peer connects from.
package enum PeerAddressCheck {
    /// Resolves names in both directions on the thread pool, if the addresses of the certificate
    /// do not decide. Fails with `TLSRefusal`.
    /// - Parameter remoteAddress: the IP address without port.
    package static func check(
        _ certificate: CertificateIdentity, remoteAddress: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        switch decision(certificate, remoteAddress) {
        case .accepted: return eventLoop.makeSucceededVoidFuture()
        case .refused(let text):
            return eventLoop.makeFailedFuture(TLSRefusal(text, certificate: certificate))
        case .needsLookup:
            return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
                if let text = refusal(certificate, remoteAddress, SystemNames()) {
                    throw TLSRefusal(text, certificate: certificate)
                }
            }
        }
    }

    enum Decision: Equatable {
        case accepted
        case refused(String)
        case needsLookup
    }

    /// What the addresses of the certificate decide.
    static func decision(_ certificate: CertificateIdentity, _ remoteAddress: String) -> Decision {
        if certificate.ipAddresses.isEmpty, certificate.dnsNames.isEmpty { return .accepted }
        if let remote = IPAddress(remoteAddress),
            certificate.ipAddresses.contains(where: { IPAddress($0) == remote })
        {
            return .accepted
        }
        guard certificate.dnsNames.isEmpty else { return .needsLookup }
        let valid = certificate.ipAddresses.joined(separator: ", ")
        return .refused("x509: certificate is valid for \(valid), not \(remoteAddress)")
    }

    /// Whether the address has one of the names, by its reverse name or by the addresses of a name.
    /// - Returns: etcd's text; nil for a certificate that is good.
    static func refusal(
        _ certificate: CertificateIdentity, _ remoteAddress: String, _ lookup: some NameLookup
    ) -> String? {
        let wildcards = certificate.dnsNames.filter { $0.hasPrefix("*.") }.map { $0.dropFirst() }
        let names = certificate.dnsNames.filter { !$0.hasPrefix("*.") }
        var failure: String?
        switch lookup.names(of: remoteAddress) {
        case .failure(let error): failure = error.text
        case .success(let found):
            let matches = found.contains { name in
                let name = name.hasSuffix(".") ? name.dropLast() : name[...]
                return names.contains(String(name)) || wildcards.contains { name.hasSuffix($0) }
            }
            if matches { return nil }
        }
        for name in names {
            switch lookup.addresses(of: name) {
            case .failure(let error): failure = error.text
            case .success(let addresses):
                if addresses.contains(remoteAddress) { return nil }
            }
        }
        return "tls: \(remoteAddress.goQuoted) does not match any of DNSNames "
            + certificate.dnsNames.goQuoted + (failure.map { " (\($0))" } ?? "")
    }
}

/// Names and addresses of hosts.
protocol NameLookup {
    func names(of address: String) -> Result<[String], LookupError>
    func addresses(of name: String) -> Result<[String], LookupError>
}

/// `lookup other.example.com: no such host`.
struct LookupError: Error {
    var text: String
}
