/// A client endpoint of a member.
struct Endpoint: Hashable, Sendable {
    enum Address: Hashable, Sendable {
        case host(String, port: Int)
        case unixPath(String)
    }

    /// As given.
    let text: String
    let address: Address
    /// Whether its scheme asks for TLS; nil: that depends on the client, as for `unix`.
    let isEncrypted: Bool?

    /// Parses `https://host:port`, `http://host:port`, `host:port`, `unix://path`, `unix:path`,
    /// `unixs://path` and `unixs:path`.
    init(_ text: String) throws(EtcdClientError) {
        self.text = text
        let (scheme, rest) = Self.split(text)
        switch scheme {
        case nil, "unix": isEncrypted = nil
        case "http": isEncrypted = false
        case "https", "unixs": isEncrypted = true
        default: throw Self.invalid(text)
        }
        if scheme == "unix" || scheme == "unixs" {
            address = .unixPath(String(rest))
        } else {
            address = try Self.host(rest, of: text)
        }
    }

    /// The scheme, and what follows it. Only paths of sockets need no `//`.
    private static func split(_ text: String) -> (scheme: String?, rest: Substring) {
        guard let colon = text.firstIndex(of: ":") else { return (nil, text[...]) }
        let scheme = text[..<colon].lowercased()
        let rest = text[colon...].dropFirst()
        if rest.hasPrefix("//") { return (scheme, rest.dropFirst(2)) }
        return scheme == "unix" || scheme == "unixs" ? (scheme, rest) : (nil, text[...])
    }

    private static func host(
        _ hostAndPort: Substring, of text: String
    ) throws(EtcdClientError) -> Address {
        let address = hostAndPort.hasSuffix("/") ? hostAndPort.dropLast() : hostAndPort
        guard let colon = address.lastIndex(of: ":"), !address.contains("/"),
            let port = UInt16(address[address.index(after: colon)...])
        else { throw invalid(text) }
        var host = address[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw invalid(text) }
        return .host(String(host), port: Int(port))
    }

    private static func invalid(_ text: String) -> EtcdClientError {
        .invalidConfiguration("the endpoint \"\(text)\" is invalid or not supported")
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
