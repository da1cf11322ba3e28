import NIOHTTP1

/// The shortest form of a request's path; Go's servers redirect every other form to it.
enum CleanPath {
    /// Resolves `.`, `..` and doubled slashes of an escaped path; a slash at its end stays.
    static func of(_ path: Substring) -> String {
        var kept: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = kept.popLast() } else { kept.append(part) }
        }
        let clean = "/" + kept.joined(separator: "/")
        return path.hasSuffix("/") && clean != "/" ? clean + "/" : clean
    }
}

extension GatewayRequest {
    /// Where the request is redirected to, with its query; nil if its path is in its shortest form.
    ///
    /// - Parameter trees: paths that are served with a slash at their end only.
    func redirection(trees: [String]) -> String? {
        var clean = CleanPath.of(escapedPath[...])
        if trees.contains(clean) { clean += "/" }
        return clean == escapedPath ? nil : clean + escapedQuery
    }
}

extension GatewayResponse {
    /// Sends the client elsewhere with the same method and body.
    static func redirect(to target: String, method: HTTPMethod) -> GatewayResponse {
        let isRead = method == .GET || method == .HEAD
        let escaped = target.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&#34;")
            .replacing("'", with: "&#39;")
        let page = isRead ? "<a href=\"\(escaped)\">Temporary Redirect</a>.\n\n" : ""
        var response = GatewayResponse(
            .temporaryRedirect, contentType: isRead ? "text/html; charset=utf-8" : nil,
            body: Array(page.utf8))
        response.headers.add(name: "Location", value: target)
        return response
    }
}
