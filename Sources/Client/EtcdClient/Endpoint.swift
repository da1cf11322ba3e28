/// A client endpoint of a member.
struct Endpoint: Equatable, Sendable {
    enum Address: Equatable, Sendable {
        case host(String, port: Int)
        case unixPath(String)
    }

    let address: Address
    /// Whether its scheme asks for TLS; nil without a scheme.
    let isEncrypted: Bool?

    /// Parses `https://host:port`, `http://host:port`, `host:port`, `unix://path` and
    /// `unixs://path`.
    init(_ text: String) throws(EtcdClientError) {
        let refused = EtcdClientError(
            code: .invalidArgument, message: "the endpoint \"\(text)\" is invalid or not supported")
        let scheme: String?
        var rest = Substring(text)
        if let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") {
            scheme = text[..<colon].lowercased()
            rest = text[colon...].dropFirst(3)
        } else {
            scheme = nil
        }
        switch scheme {
        case nil: isEncrypted = nil
        case "http", "unix": isEncrypted = false
        case "https", "unixs": isEncrypted = true
        default: throw refused
        }
        if scheme == "unix" || scheme == "unixs" {
            address = .unixPath(String(rest))
            return
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let colon = rest.lastIndex(of: ":"), !rest.contains("/"),
            let port = UInt16(rest[rest.index(after: colon)...])
        else { throw refused }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw refused }
        address = .host(String(host), port: Int(port))
    }
}
