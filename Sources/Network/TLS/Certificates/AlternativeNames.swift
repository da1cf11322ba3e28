/// The names of a subject alternative name.
struct AlternativeNames: Hashable, Sendable {
    var dnsNames: [String] = []
    /// 4 or 16 bytes each.
    var ipAddresses: [IPAddress] = []
    var emailAddresses: [String] = []
    var uris: [String] = []

    /// Whether there is no name of these kinds.
    var isEmpty: Bool {
        dnsNames.isEmpty && ipAddresses.isEmpty && emailAddresses.isEmpty && uris.isEmpty
    }

    /// - Parameter value: of the extension.
    init(_ value: ArraySlice<UInt8>) throws(X509Error) {
        var outer = DERReader(value)
        guard var names = outer.read(.sequence) else {
            throw X509Error("x509: invalid subject alternative names")
        }
        while !names.isEmpty {
            guard let name = names.readAny() else {
                throw X509Error("x509: invalid subject alternative name")
            }
            try add(name)
        }
    }

    private mutating func add(_ name: DERReader.Element) throws(X509Error) {
        switch name.tag {
        case .context(1): emailAddresses.append(try Self.text(name.content, "rfc822Name"))
        case .context(2): dnsNames.append(try Self.text(name.content, "dNSName"))
        case .context(6):
            uris.append(try Self.text(name.content, "uniformResourceIdentifier"))
        case .context(7):
            guard let address = IPAddress(bytes: name.content) else {
                throw X509Error(
                    "x509: cannot parse IP address of length \(name.content.count)")
            }
            guard !address.isMappedIPv4 else {
                throw X509Error("x509: SAN iPAddress contains IPv4-mapped IPv6 address")
            }
            ipAddresses.append(address)
        default: break
        }
    }

    private static func text(
        _ content: ArraySlice<UInt8>, _ kind: String
    ) throws(X509Error) -> String {
        guard content.allSatisfy({ $0 < 0x80 }) else {
            throw X509Error("x509: SAN \(kind) is malformed")
        }
        return String(decoding: content, as: UTF8.self)
    }
}
