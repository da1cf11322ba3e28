internal import GoText

/// Builds chains from a certificate to one that is trusted, by the rules of Go.
///
/// The work is bounded: by the number of signatures checked, and each chain holds a certificate at
/// most once.
struct ChainVerifier {
    enum Usage {
        case clientAuth
        case serverAuth

        var identifier: ObjectIdentifierBytes {
            switch self {
            case .clientAuth: .clientAuth
            case .serverAuth: .serverAuth
            }
        }
    }

    /// Go stops at 100. Each one runs on an event loop, and real chains need up to four.
    static let signatureChecksMax = 24
    /// What a handshake may present beside the leaf.
    static let intermediatesMax = 10

    let pool: CertificatePool
    let intermediates: [X509Certificate]
    let usage: Usage
    let now: WallClock
    private var signatureChecks = 0
    private var chain: [X509Certificate] = []
    /// The first and last second in which every certificate of the chain is valid.
    private(set) var validFrom: Int64 = .min
    private(set) var validUntil: Int64 = .max

    init(
        pool: CertificatePool, intermediates: some Sequence<X509Certificate>, usage: Usage,
        now: WallClock
    ) {
        self.pool = pool
        self.intermediates = Array(intermediates.prefix(Self.intermediatesMax))
        self.usage = usage
        self.now = now
    }

    /// Throws Go's text unless a chain leads from `leaf` to the pool.
    /// - Parameter host: what the certificate must be valid for; nil: anything.
    mutating func verify(_ leaf: X509Certificate, host: String?) throws(X509Error) {
        try checkValidity(leaf, as: .leaf)
        if let host, !HostName.matches(leaf, host) { throw HostName.mismatch(leaf, host) }
        chain = [leaf]
        var foundWrongUsage = false
        if pool.contains(leaf) {
            if accept(chain) { return }
            foundWrongUsage = true
        } else if try extend(&foundWrongUsage) {
            return
        }
        if foundWrongUsage {
            throw X509Error("x509: certificate specifies an incompatible key usage")
        }
    }

    /// Extends the chain by each possible parent of its last certificate.
    /// - Returns: true as soon as a chain is complete and good for the usage. false only with
    ///   `foundWrongUsage`, when every complete chain is for other usages.
    private mutating func extend(_ foundWrongUsage: inout Bool) throws(X509Error) -> Bool {
        guard let child = chain.last else { return false }
        var failure: X509Error?
        var hint: (error: X509Error, certificate: X509Certificate)?
        let candidates =
            pool.possibleParents(of: child).map { (Kind.root, $0) }
            + CertificatePool.possibleParents(of: child, among: intermediates).map {
                (Kind.intermediate, $0)
            }
        for (kind, candidate) in candidates where !isInChain(candidate) {
            signatureChecks += 1
            guard signatureChecks <= Self.signatureChecksMax else {
                throw X509Error(
                    "x509: signature check attempts limit reached while verifying certificate "
                        + "chain")
            }
            do throws(X509Error) {
                try SignatureCheck.check(child, signedBy: candidate)
            } catch {
                if hint == nil { hint = (error, candidate) }
                continue
            }
            do throws(X509Error) {
                try checkValidity(candidate, as: kind)
                chain.append(candidate)
                defer { chain.removeLast() }
                switch kind {
                case .root:
                    if accept(chain) { return true }
                    foundWrongUsage = true
                default:
                    if try extend(&foundWrongUsage) { return true }
                }
                failure = nil
            } catch {
                failure = error
            }
        }
        if foundWrongUsage { return false }
        throw failure ?? Self.unknownAuthority(hint)
    }

    /// Remembers for how long the chain is valid if it may be used.
    private mutating func accept(_ chain: [X509Certificate]) -> Bool {
        guard Self.permits(chain, usage.identifier) else { return false }
        validFrom = chain.map(\.notBefore).max() ?? .min
        validUntil = chain.map(\.notAfter).min() ?? .max
        return true
    }

    /// Whether every certificate that lists usages lists this one, or any.
    private static func permits(_ chain: [X509Certificate], _ usage: ObjectIdentifierBytes) -> Bool
    {
        chain.allSatisfy { certificate in
            guard let usages = certificate.extensions.extendedKeyUsages, !usages.isEmpty else {
                return true
            }
            return usages.contains(usage) || usages.contains(.anyExtendedKeyUsage)
        }
    }

    /// Whether the chain has a certificate with the same subject, key and names. That prevents
    /// loops of authorities that have signed each other.
    private func isInChain(_ candidate: X509Certificate) -> Bool {
        chain.contains {
            $0.rawSubject == candidate.rawSubject && $0.rawPublicKey == candidate.rawPublicKey
                && $0.extensions.alternativeNames == candidate.extensions.alternativeNames
        }
    }

    private static func unknownAuthority(
        _ hint: (error: X509Error, certificate: X509Certificate)?
    ) -> X509Error {
        let text = "x509: certificate signed by unknown authority"
        guard let hint else { return X509Error(text) }
        let subject = hint.certificate.subject
        let name =
            if !subject.commonName.isEmpty {
                subject.commonName
            } else {
                subject.organization ?? "serial:" + serial(hint.certificate.serialNumber)
            }
        return X509Error(
            text + " (possibly because of \(hint.error.description.goQuoted) while trying to "
                + "verify candidate authority certificate \(name.goQuoted))")
    }
}

extension ChainVerifier {
    enum Kind {
        case leaf
        case intermediate
        case root
    }

    /// Checks one certificate as the next of the chain so far.
    private func checkValidity(
        _ certificate: X509Certificate, as kind: Kind
    ) throws(X509Error) {
        if certificate.extensions.hasUnhandledCriticalExtension {
            throw X509Error("x509: unhandled critical extension")
        }
        try Self.checkTime(certificate, now)
        if kind != .leaf, let constraints = certificate.extensions.nameConstraints {
            for names in [chain.first, certificate].compactMap({ $0?.extensions.alternativeNames })
            {
                try constraints.check(names)
            }
        }
        let basicConstraints = certificate.extensions.basicConstraints
        if kind == .intermediate, basicConstraints?.isAuthority != true {
            throw X509Error(
                "x509: certificate is not authorized to sign other certificates")
        }
        if kind != .leaf, let length = basicConstraints?.pathLengthMax, chain.count - 1 > length {
            throw X509Error("x509: too many intermediates for path length constraint")
        }
    }

    static func checkTime(
        _ certificate: X509Certificate, _ now: WallClock
    ) throws(X509Error) {
        let text = "x509: certificate has expired or is not yet valid: current time "
        let time = CivilTime.text(secondsSince1970: now.seconds)
        if now.seconds < certificate.notBefore {
            let bound = CivilTime.text(secondsSince1970: certificate.notBefore)
            throw X509Error(text + "\(time) is before \(bound)")
        }
        if now.isAfter(certificate.notAfter) {
            let bound = CivilTime.text(secondsSince1970: certificate.notAfter)
            throw X509Error(text + "\(time) is after \(bound)")
        }
    }
}
