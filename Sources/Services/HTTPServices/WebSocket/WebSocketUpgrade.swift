import Base64
import Crypto
import NIOHTTP1

/// What is done about a request that asks for a WebSocket.
enum WebSocketUpgrade {
    case refused(HTTPResponse)
    /// The value of `Sec-WebSocket-Accept`.
    case accepted(String)

    private static let version = "13"
    /// Of RFC 6455 section 1.3.
    private static let uniqueID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// - Returns: nil for a request that asks for none.
    init?(_ request: HTTPRequest) {
        let headers = request.headers
        guard request.method == .GET,
            headers[canonicalForm: "Upgrade"].contains(where: { $0.lowercased() == "websocket" }),
            headers[canonicalForm: "Connection"].contains(where: { $0.lowercased() == "upgrade" })
        else { return nil }
        guard headers.first(name: "Sec-WebSocket-Version") == Self.version,
            let key = headers.first(name: "Sec-WebSocket-Key"), !key.isEmpty
        else {
            var response = HTTPResponse.failure(.badRequest, "Bad Request")
            response.headers.add(name: "Sec-Websocket-Version", value: Self.version)
            self = .refused(response)
            return
        }
        let digest = Insecure.SHA1.hash(data: Array((key + Self.uniqueID).utf8))
        self = .accepted(String(decoding: Base64.encode(Array(digest)), as: UTF8.self))
    }
}
