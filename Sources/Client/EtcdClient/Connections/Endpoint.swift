/// A client endpoint of a member.
struct Endpoint: Hashable, Sendable {
    enum Address: Hashable, Sendable {
        case host(String, port: Int)
        case unixPath(String)
    }

    /// As given.
    let text: String
    let address: Address
    /// Whether its scheme asks for TLS; nil without a scheme.
    let isEncrypted: Bool?

    /// Parses `https://host:port`, `http://host:port`, `host:port`, `unix://path` and
    /// `unixs://path`.
    init(_ text: String) throws(EtcdClientError) {
        let refused = EtcdClientError.invalidConfiguration(
            "the endpoint \"\(text)\" is invalid or not supported")
        self.text = text
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

    static func list(_ texts: [String]) throws(EtcdClientError) -> [Endpoint] {
        guard !texts.isEmpty else { throw .invalidConfiguration("at least one endpoint is needed") }
        var endpoints: [Endpoint] = []
        for text in texts {
            let endpoint = try Endpoint(text)
            if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
        }
        return endpoints
    }
}
