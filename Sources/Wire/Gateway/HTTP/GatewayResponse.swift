import NIOHTTP1

/// One whole answer.
struct GatewayResponse: Sendable {
    var status: HTTPResponseStatus
    var headers = HTTPHeaders()
    var body: [UInt8]
    /// The connection ends with this answer.
    var closes = false

    init(_ status: HTTPResponseStatus, contentType: String?, body: [UInt8]) {
        self.status = status
        self.body = body
        if let contentType { headers.add(name: "Content-Type", value: contentType) }
    }

    static let plainText = "text/plain; charset=utf-8"
    static let json = "application/json"

    /// A text that no browser may take for a page.
    static func plain(_ status: HTTPResponseStatus, _ text: String) -> GatewayResponse {
        var response = GatewayResponse(status, contentType: plainText, body: Array(text.utf8))
        response.headers.add(name: "X-Content-Type-Options", value: "nosniff")
        return response
    }

    /// An error as Go's servers write it: the text and a newline.
    static func failure(_ status: HTTPResponseStatus, _ text: String) -> GatewayResponse {
        plain(status, text + "\n")
    }

    static let notFound = failure(.notFound, "404 page not found")

    static func methodNotAllowed(allow: String) -> GatewayResponse {
        var response = failure(.methodNotAllowed, "Method Not Allowed")
        response.headers.add(name: "Allow", value: allow)
        return response
    }

    static func json(_ status: HTTPResponseStatus, _ text: String) -> GatewayResponse {
        GatewayResponse(status, contentType: json, body: Array(text.utf8))
    }

    /// A request of which nothing can be trusted; the connection ends.
    static func malformed(_ status: HTTPResponseStatus) -> GatewayResponse {
        var response = GatewayResponse(
            status, contentType: plainText,
            body: Array("\(status.code) \(status.reasonPhrase)".utf8))
        response.closes = true
        return response
    }

    /// Tells a browser that this origin may read the answer.
    mutating func allowOrigin(_ origin: String) {
        headers.add(
            name: "Access-Control-Allow-Headers", value: "accept, content-type, authorization")
        headers.add(
            name: "Access-Control-Allow-Methods", value: "POST, GET, OPTIONS, PUT, DELETE")
        headers.add(name: "Access-Control-Allow-Origin", value: origin)
    }

    static func misdirected(host: String) -> GatewayResponse {
        failure(
            .misdirectedRequest,
            """

            etcd received your request, but the Host header was unrecognized.

            To fix this, choose one of the following options:
            - Enable TLS, then any HTTPS request will be allowed.
            - Add the hostname you want to use to the whitelist in settings.
              - e.g. etcd --host-whitelist \(JSONText.quote(host))

            This requirement has been added to help prevent "DNS Rebinding" attacks \
            (CVE-2018-5702).

            """)
    }
}
