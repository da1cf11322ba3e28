internal import Synchronization

/// Trusted certificates, and the chains that were verified against them.
final class TrustStore: Sendable {
    let pool: CertificatePool
    private let usage: ChainVerifier.Usage
    private let cache = Mutex(VerificationCache())

    init(_ pool: CertificatePool, usage: ChainVerifier.Usage) {
        self.pool = pool
        self.usage = usage
    }

    /// Verifies what the other side has presented.
    /// - Parameter presented: in DER, the leaf first.
    /// - Parameter host: what the leaf must be valid for; nil: anything.
    /// - Throws: Go's text.
    func verify(
        _ presented: [[UInt8]], host: String?, now: WallClock
    ) throws(X509Error) -> VerifiedChain {
        let key = VerificationCache.key(presented)
        if let known = cache.withLock({ $0.chain(key) }), known.isValid(at: now) {
            if let host, !HostName.matches(known.leaf, host) {
                throw Self.failed(HostName.mismatch(known.leaf, host))
            }
            return known
        }
        var certificates: [X509Certificate] = []
        for der in presented {
            do throws(X509Error) {
                certificates.append(try X509Certificate(der))
            } catch {
                throw unparsed(error)
            }
        }
        let chain = try verify(certificates, host: host, now: now)
        cache.withLock { $0.insert(chain, key) }
        return chain
    }

    /// The chain of a session that is resumed, of which only the leaf is known: the one it was last
    /// verified with, or the leaf without intermediates.
    func resume(leaf: [UInt8], now: WallClock) throws(X509Error) -> VerifiedChain {
        if let known = cache.withLock({ $0.chain(leaf: leaf) }), known.isValid(at: now) {
            return known
        }
        return try verify([leaf], host: nil, now: now)
    }

    private func verify(
        _ certificates: [X509Certificate], host: String?, now: WallClock
    ) throws(X509Error) -> VerifiedChain {
        guard let leaf = certificates.first else {
            throw X509Error("tls: no certificates")
        }
        var verifier = ChainVerifier(
            pool: pool, intermediates: certificates.dropFirst(), usage: usage, now: now)
        do throws(X509Error) {
            try verifier.verify(leaf, host: host)
        } catch {
            throw Self.failed(error)
        }
        return VerifiedChain(
            leaf: leaf, serialNumbers: certificates.map(\.serialNumber),
            validFrom: verifier.validFrom, validUntil: verifier.validUntil)
    }

    private static func failed(_ error: X509Error) -> X509Error {
        X509Error("tls: failed to verify certificate: \(error)")
    }

    private func unparsed(_ error: X509Error) -> X509Error {
        switch usage {
        case .clientAuth: X509Error("tls: failed to parse client certificate: \(error)")
        case .serverAuth:
            X509Error("tls: failed to parse certificate from server: \(error)")
        }
    }
}
