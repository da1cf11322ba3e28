internal import GoText

extension NameConstraints {
    /// How many comparisons of names with constraints one check may take.
    static let comparisonsMax = 10_000

    /// Throws Go's text unless every name is permitted and none excluded.
    func check(_ names: AlternativeNames) throws(X509Error) {
        let constraintCount = permitted.count + excluded.count
        let nameCount =
            names.dnsNames.count + names.ipAddresses.count + names.emailAddresses.count
            + names.uris.count
        guard constraintCount == 0 || nameCount <= Self.comparisonsMax / constraintCount else {
            throw X509Error("x509: unknown error")
        }
        for name in names.dnsNames {
            guard let labels = Self.labels(name) else {
                throw X509Error("x509: cannot parse dnsName \(name.goQuoted)")
            }
            try check("DNS name", name, permitted.dnsDomains, excluded.dnsDomains) {
                Self.matches(labels, constraint: $0)
            }
        }
        for address in names.ipAddresses {
            try check("IP address", address.text, permitted.networks, excluded.networks) {
                $0.contains(address)
            }
        }
        for name in names.emailAddresses {
            try check(
                "email address", name, permitted.emailConstraints, excluded.emailConstraints
            ) { Self.matchesEmail(name, constraint: $0) }
        }
        for name in names.uris {
            // Without a host name that could be compared, a URI under a constraint is refused.
            let labels = Self.host(ofURI: name).flatMap(Self.labels)
            if labels == nil, !permitted.uriDomains.isEmpty || !excluded.uriDomains.isEmpty {
                throw Self.refused(
                    "URI with empty host (\(name.goQuoted)) cannot be matched against constraints")
            }
            try check("URI", name, permitted.uriDomains, excluded.uriDomains) {
                Self.matches(labels ?? [], constraint: $0)
            }
        }
    }

    private func check<Constraint: CustomStringConvertible>(
        _ kind: String, _ name: String, _ permitted: [Constraint], _ excluded: [Constraint],
        _ matches: (Constraint) -> Bool
    ) throws(X509Error) {
        if let constraint = excluded.first(where: matches) {
            throw Self.refused(
                "\(kind) \(name.goQuoted) is excluded by constraint "
                    + constraint.description.goQuoted)
        }
        guard permitted.isEmpty || permitted.contains(where: matches) else {
            throw Self.refused("\(kind) \(name.goQuoted) is not permitted by any constraint")
        }
    }

    private static func refused(_ detail: String) -> X509Error {
        X509Error(
            "x509: a root or intermediate certificate is not authorized to sign for this name: "
                + detail)
    }

    /// Labels from the last to the first; nil for a name that is absolute or has empty labels.
    private static func labels(_ domain: String) -> [Substring.UTF8View]? {
        if domain.isEmpty { return [] }
        let labels = HostName.lowercased(domain)[...].utf8.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy({ !$0.isEmpty && $0.allSatisfy { (33...126).contains($0) } })
        else { return nil }
        return labels.reversed()
    }

    /// Whether the domain is the constraint or below it; strictly below if that begins with a dot.
    private static func matches(_ labels: [Substring.UTF8View], constraint: String) -> Bool {
        if constraint.isEmpty { return true }
        let onlyBelow = constraint.hasPrefix(".")
        guard let wanted = Self.labels(onlyBelow ? String(constraint.dropFirst()) : constraint),
            labels.count >= wanted.count + (onlyBelow ? 1 : 0)
        else { return false }
        return zip(wanted, labels).allSatisfy { $0.elementsEqual($1) }
    }

    private static func matchesEmail(_ name: String, constraint: String) -> Bool {
        guard let at = name.lastIndex(of: "@") else { return false }
        let domain = name[name.index(after: at)...]
        if let constraintAt = constraint.lastIndex(of: "@") {
            return name[..<at] == constraint[..<constraintAt]
                && HostName.lowercased(String(domain))
                    == HostName.lowercased(
                        String(constraint[constraint.index(after: constraintAt)...]))
        }
        return labels(String(domain)).map { matches($0, constraint: constraint) } ?? false
    }

    /// The host of `scheme://user@host:port/path`; nil for an address or without one.
    private static func host(ofURI uri: String) -> String? {
        let parts = uri.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0].hasSuffix(":"), parts[1].isEmpty else { return nil }
        let authority = parts[2].prefix { $0 != "?" && $0 != "#" }
        let hostAndPort = authority.split(separator: "@", omittingEmptySubsequences: false).last
        guard let host = hostAndPort?.prefix(while: { $0 != ":" }), !host.isEmpty,
            !host.hasPrefix("["), IPAddress(String(host)) == nil
        else { return nil }
        return String(host)
    }
}

extension NameConstraints.Subtrees {
    var count: Int {
        dnsDomains.count + networks.count + emailConstraints.count + uriDomains.count
    }
}

extension NameConstraints.Network: CustomStringConvertible {
    func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == self.address.count else { return false }
        return zip(zip(address.bytes, self.address), mask).allSatisfy { pair, mask in
            pair.0 & mask == pair.1 & mask
        }
    }

    /// `10.0.0.0/8`.
    var description: String {
        let bits = mask.reduce(0) { $0 + $1.nonzeroBitCount }
        return (IPAddress(bytes: address)?.text ?? "") + "/\(bits)"
    }
}
