/// A client endpoint of a member.
struct Endpoint: Equatable, Sendable {
    enum Address: Equatable, Sendable {
        case host(String, port: Int)
        case unixPath(String)
    }

    let address: Address

    /// Parses `http://host:port`, `host:port` and `unix://path`; `https` is not supported yet.
    init(_ text: String) throws(EtcdClientError) {
        if text.hasPrefix("unix://") {
            address = .unixPath(String(text.dropFirst(7)))
            return
        }
        let refused = EtcdClientError(
            code: .invalidArgument, message: "the endpoint \"\(text)\" is invalid or not supported")
        var rest = Substring(text)
        if rest.hasPrefix("http://") { rest = rest.dropFirst(7) }
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
