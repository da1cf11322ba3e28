import NIOHTTP1

/// An HTTP request with a parsed head.
struct HTTPRequest: Sendable {
    let method: HTTPMethod
    /// The path without the query, percent-decoded.
    let path: String
    let query: QueryString
    /// The path as received.
    let escapedPath: String
    /// The query as received, with its question mark; empty without a query.
    let escapedQuery: String
    let headers: HTTPHeaders
    /// Whether the request came over HTTP/2 on a port that also serves gRPC.
    let isBesideGRPC: Bool

    /// - Returns: nil for a target that is not a path or has invalid escapes.
    init?(_ head: HTTPRequestHead, isBesideGRPC: Bool = false) {
        let target = Self.originForm(head.uri)
        let mark = target.firstIndex(of: "?") ?? target.endIndex
        guard target.hasPrefix("/"),
            let path = QueryString.unescape(target[..<mark].utf8, plusIsSpace: false)
        else { return nil }
        self.isBesideGRPC = isBesideGRPC
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

    /// Converts the absolute form `http://host/path` to `/path`.
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
