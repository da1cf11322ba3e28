package import NIOHTTP1

/// A request to the peer listener that the transport does not handle itself.
package struct PeerRequest: Sendable {
    package var method: String
    /// Without the query, not decoded.
    package var path: String
    /// Text after the question mark.
    package var query: String
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(
        method: String, path: String, query: String = "", headers: HTTPHeaders = [:],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }
}

/// The response to a request between members. Date and length are added when it is written.
package struct PeerResponse: Sendable {
    package var status: Int
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An error in the format of Go's http.Error: the text and a newline.
    package static func failure(_ status: Int, _ text: String) -> PeerResponse {
        PeerResponse(
            status: status,
            headers: [
                "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff",
            ],
            body: Array((text + "\n").utf8))
    }

    package static let notFound = failure(404, "404 page not found")

    package static func methodNotAllowed(allow: String?) -> PeerResponse {
        var response = failure(405, "Method Not Allowed")
        if let allow { response.headers.add(name: "Allow", value: allow) }
        return response
    }

    /// The body as text, without a trailing newline.
    var text: String {
        let text = String(decoding: body, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
