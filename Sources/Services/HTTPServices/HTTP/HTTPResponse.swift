import GoText
import NIOHTTP1

/// A complete HTTP response.
struct HTTPResponse: Sendable {
    var status: HTTPResponseStatus
    var headers = HTTPHeaders()
    var body: [UInt8]
    /// Whether the connection is closed after this response.
    var closes = false

    init(_ status: HTTPResponseStatus, contentType: String?, body: [UInt8]) {
        self.status = status
        self.body = body
        if let contentType { headers.add(name: "Content-Type", value: contentType) }
    }

    /// Whether a response of this status may have a body.
    var mayHaveBody: Bool { status.mayHaveResponseBody && status != .notModified }

    /// The headers of a response whose length is not known.
    func headersWithDate() -> HTTPHeaders {
        var headers = headers
        headers.add(name: "Date", value: HTTPDate.now())
        return headers
    }

    /// The headers as sent over any version of HTTP. The length is also that of the body that a
    /// response to HEAD leaves out.
    func headersWithDateAndLength() -> HTTPHeaders {
        var headers = headersWithDate()
        if mayHaveBody { headers.add(name: "Content-Length", value: String(body.count)) }
        return headers
    }

    static let plainText = "text/plain; charset=utf-8"
    static let json = "application/json"

    /// A text that browsers must not interpret as HTML.
    static func plain(_ status: HTTPResponseStatus, _ text: String) -> HTTPResponse {
        var response = HTTPResponse(status, contentType: plainText, body: Array(text.utf8))
        response.headers.add(name: "X-Content-Type-Options", value: "nosniff")
        return response
    }

    /// An error as written by Go's servers: the text and a newline.
    static func failure(_ status: HTTPResponseStatus, _ text: String) -> HTTPResponse {
        plain(status, text + "\n")
    }

    static let notFound = failure(.notFound, "404 page not found")

    static func methodNotAllowed(allow: String) -> HTTPResponse {
        var response = failure(.methodNotAllowed, "Method Not Allowed")
        response.headers.add(name: "Allow", value: allow)
        return response
    }

    static func json(_ status: HTTPResponseStatus, _ text: String) -> HTTPResponse {
        HTTPResponse(status, contentType: json, body: Array(text.utf8))
    }

    /// The response to a malformed request; the connection is closed.
    static func malformed(_ status: HTTPResponseStatus) -> HTTPResponse {
        var response = HTTPResponse(
            status, contentType: plainText,
            body: Array("\(status.code) \(status.reasonPhrase)".utf8))
        response.closes = true
        return response
    }

    /// The response to an expectation that no server meets; the connection is closed.
    static let unmetExpectation: HTTPResponse = {
        var response = HTTPResponse(.expectationFailed, contentType: nil, body: [])
        response.closes = true
        return response
    }()

    /// The response to a client whose certificate names a user, which does not count here.
    static let ignoredCommonName = failure(
        .badRequest,
        "CommonName of client sending a request against gateway will be ignored and not used as "
            + "expected")

    /// Adds the CORS headers that allow an origin to read the response.
    mutating func allowOrigin(_ origin: String) {
        headers.add(
            name: "Access-Control-Allow-Headers", value: "accept, content-type, authorization")
        headers.add(
            name: "Access-Control-Allow-Methods", value: "POST, GET, OPTIONS, PUT, DELETE")
        headers.add(name: "Access-Control-Allow-Origin", value: origin)
    }

    static func misdirected(host: String) -> HTTPResponse {
        failure(
            .misdirectedRequest,
            """

            etcd received your request, but the Host header was unrecognized.

            To fix this, choose one of the following options:
            - Enable TLS, then any HTTPS request will be allowed.
            - Add the hostname you want to use to the whitelist in settings.
              - e.g. etcd --host-whitelist \(host.goQuoted)

            This requirement has been added to help prevent "DNS Rebinding" attacks \
            (CVE-2018-5702).

            """)
    }
}
