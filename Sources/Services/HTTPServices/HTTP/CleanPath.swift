import NIOHTTP1

/// The canonical form of a request path, to which Go's servers redirect all other forms.
enum CleanPath {
    /// Resolves `.`, `..` and doubled slashes of an escaped path; a trailing slash is kept.
    static func of(_ path: Substring) -> String {
        var kept: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = kept.popLast() } else { kept.append(part) }
        }
        let clean = "/" + kept.joined(separator: "/")
        return path.hasSuffix("/") && clean != "/" ? clean + "/" : clean
    }
}

extension HTTPRequest {
    /// The redirect target with the query; nil if the path is canonical.
    ///
    /// - Parameter trees: paths that are only served with a trailing slash.
    func redirection(trees: [String]) -> String? {
        var clean = CleanPath.of(escapedPath[...])
        if trees.contains(clean) { clean += "/" }
        return clean == escapedPath ? nil : clean + escapedQuery
    }
}

extension HTTPResponse {
    /// A temporary redirect, which keeps method and body.
    static func redirect(to target: String, method: HTTPMethod) -> HTTPResponse {
        let hasPage = method == .GET || method == .HEAD
        let escaped = target.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&#34;")
            .replacing("'", with: "&#39;")
        let page = hasPage ? "<a href=\"\(escaped)\">Temporary Redirect</a>.\n\n" : ""
        var response = HTTPResponse(
            .temporaryRedirect, contentType: hasPage ? "text/html; charset=utf-8" : nil,
            body: Array(page.utf8))
        response.headers.add(name: "Location", value: target)
        return response
    }
}
