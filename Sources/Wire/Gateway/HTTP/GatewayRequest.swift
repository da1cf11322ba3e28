import NIOHTTP1

/// One HTTP request whose head has been taken apart.
struct GatewayRequest: Sendable {
    let method: HTTPMethod
    /// Without the query, percent escapes resolved.
    let path: String
    let query: QueryString
    /// The path as it came.
    let escapedPath: String
    /// The query as it came, with its question mark; empty without one.
    let escapedQuery: String
    let headers: HTTPHeaders

    /// - Returns: nil for a target that is no path, or whose escapes are broken.
    init?(_ head: HTTPRequestHead) {
        let target = Self.originForm(head.uri)
        let mark = target.firstIndex(of: "?") ?? target.endIndex
        guard target.hasPrefix("/"),
            let path = QueryString.unescape(target[..<mark].utf8, plusIsSpace: false)
        else { return nil }
        method = head.method
        headers = head.headers
        query = QueryString(target[mark...].dropFirst())
        escapedPath = String(target[..<mark])
        escapedQuery = String(target[mark...])
        self.path = path.hasPrefix("/v3beta/") ? "/v3/" + path.dropFirst(8) : path
    }

    /// The host without its port.
    var hostName: String {
        guard let host = headers.first(name: "Host") else { return "" }
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]"), host[end...].dropFirst().first == ":" else {
                return host
            }
            return String(host[host.index(after: host.startIndex)..<end])
        }
        let parts = host.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? String(parts[0]) : host
    }

    /// Proxies' form `http://host/path` counts as `/path`.
    private static func originForm(_ target: String) -> Substring {
        for scheme in ["http://", "https://"] where target.hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            guard let slash = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else {
                return "/"
            }
            return rest[slash...]
        }
        return target[...]
    }
}
