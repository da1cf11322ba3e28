/// The rules of Go by which a certificate is valid for a host.
enum HostName {
    /// - Parameter host: a name, or an IP address with or without brackets.
    static func matches(_ certificate: X509Certificate, _ host: String) -> Bool {
        let names = certificate.extensions.alternativeNames
        if let address = address(host) {
            return names?.ipAddresses.contains(address) ?? false
        }
        let candidate = lowercased(host)
        let candidateIsValid = isValid(candidate, asPattern: false)
        return names?.dnsNames.contains { name in
            candidateIsValid && isValid(name, asPattern: true)
                ? matches(pattern: name, candidate) : matchesExactly(name, candidate)
        } ?? false
    }

    /// Go's text for a certificate that is not valid for the host.
    static func mismatch(_ certificate: X509Certificate, _ host: String) -> X509Error {
        let names = certificate.extensions.alternativeNames
        let shown = address(host) != nil ? withoutBrackets(host) : host
        if names == nil, matches(pattern: certificate.subject.commonName, shown) {
            return X509Error(
                "x509: certificate relies on legacy Common Name field, use SANs instead")
        }
        let valid: [String]
        if address(shown) != nil {
            valid = names?.ipAddresses.map(\.text) ?? []
            guard !valid.isEmpty else {
                return X509Error(
                    "x509: cannot validate certificate for \(shown) because it doesn't contain "
                        + "any IP SANs")
            }
        } else {
            valid = names?.dnsNames ?? []
        }
        guard valid.contains(where: { !$0.isEmpty }) else {
            return X509Error(
                "x509: certificate is not valid for any names, but wanted to match \(shown)")
        }
        return X509Error(
            "x509: certificate is valid for \(valid.joined(separator: ", ")), not \(shown)")
    }

    /// The address if the host is one.
    static func address(_ host: String) -> IPAddress? {
        IPAddress(withoutBrackets(host))
    }

    private static func withoutBrackets(_ host: String) -> String {
        host.utf8.count >= 3 && host.hasPrefix("[") && host.hasSuffix("]")
            ? String(host.dropFirst().dropLast()) : host
    }

    /// Whether the host matches the pattern. A `*` as the first label matches exactly one label.
    private static func matches(pattern: String, _ host: String) -> Bool {
        let trimmed = host.hasSuffix(".") ? String(host.dropLast()) : host
        guard !trimmed.isEmpty, !pattern.isEmpty else { return false }
        let wanted = lowercased(pattern).utf8.split(
            separator: dot, omittingEmptySubsequences: false)
        let labels = lowercased(trimmed).utf8.split(
            separator: dot, omittingEmptySubsequences: false)
        guard wanted.count == labels.count else { return false }
        return zip(wanted, labels).enumerated().allSatisfy { index, pair in
            (index == 0 && pair.0.elementsEqual("*".utf8)) || pair.0.elementsEqual(pair.1)
        }
    }

    private static func matchesExactly(_ name: String, _ host: String) -> Bool {
        guard ![name, host].contains(where: { $0.isEmpty || $0 == "." }) else { return false }
        return lowercased(name) == lowercased(host)
    }

    private static let dot = UInt8(ascii: ".")

    /// Letters, digits, hyphens that are not first, and underscores; a pattern may begin with `*`.
    private static func isValid(_ host: String, asPattern: Bool) -> Bool {
        var host = host[...]
        if !asPattern, host.hasSuffix(".") { host = host.dropLast() }
        guard !host.isEmpty else { return false }
        let labels = host.utf8.split(separator: dot, omittingEmptySubsequences: false)
        return labels.enumerated().allSatisfy { index, label in
            if asPattern, index == 0, label.elementsEqual("*".utf8) { return true }
            return !label.isEmpty
                && label.enumerated().allSatisfy { isAllowed($0.element, at: $0.offset) }
        }
    }

    private static func isAllowed(_ byte: UInt8, at offset: Int) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        case UInt8(ascii: "-"): offset > 0
        default: false
        }
    }

    /// Letters of ASCII only.
    static func lowercased(_ text: String) -> String {
        String(
            decoding: text.utf8.map {
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0
            }, as: UTF8.self)
    }
}
