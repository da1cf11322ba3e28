import ConnectionIdentity
import HTTP2
import NIOHTTP1

/// The requests of one HTTP/2 connection, served by the same service as HTTP/1.1.
///
/// Owned by the connection's event loop.
final class HTTP2Requests: HTTP2RequestHandler {
    let service: HTTPService
    let listener: HTTPListener
    let identity: ConnectionIdentity
    /// Whether the connection also serves gRPC.
    private let besideGRPC: Bool
    /// Open requests, those whose response is not sent yet included.
    private var openCount = 0

    /// Maximum number of open requests of a connection, which bounds the memory of responses that
    /// the client does not read; more are refused, and the client may send them again.
    static let openMax = 250

    init(
        service: HTTPService, listener: HTTPListener, identity: ConnectionIdentity,
        besideGRPC: Bool
    ) {
        self.service = service
        self.listener = listener
        self.identity = identity
        self.besideGRPC = besideGRPC
    }

    var headerBytesMax: Int { service.configuration.headerBytesMax }
    var headerFieldsMax: Int { service.configuration.headerFieldsMax }

    /// What the service and the JSON gateway read.
    private static let names = [
        "accept", "accept-encoding", "authorization", "content-length", "content-type",
        "grpc-timeout", "host", "origin",
    ].map { Array($0.utf8) }
    private static let gatewayPrefix = Array("grpc-metadata-".utf8)

    func reads(_ name: UnsafeRawBufferPointer) -> Bool {
        Self.names.contains { name.elementsEqual($0) } || name.starts(with: Self.gatewayPrefix)
    }

    /// Hosts and origins are checked, and bodies bounded, before the path is.
    func readsAtAnyPath(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 4: name.elementsEqual("host".utf8)
        case 6: name.elementsEqual("origin".utf8)
        case 14: name.elementsEqual("content-length".utf8)
        default: false
        }
    }

    func serve(_ head: HTTP2RequestHead, on stream: HTTP2Stream) -> any HTTP2StreamDelegate {
        openCount += 1
        let exchange = HTTP2Exchange(requests: self, stream: stream)
        if openCount > Self.openMax {
            exchange.refuse()
        } else {
            exchange.begin(head, besideGRPC: besideGRPC)
        }
        return exchange
    }

    /// An exchange is over.
    func didClose() { openCount -= 1 }
}

extension HTTPRequestHead {
    /// The head of an HTTP/2 request as one of HTTP/1: `:authority` becomes the `Host`.
    init(_ head: HTTP2RequestHead) {
        var headers = HTTPHeaders()
        if let authority = head.authority { headers.add(name: "Host", value: authority) }
        for field in head.fields where field.name != "host" || head.authority == nil {
            headers.add(name: field.name, value: field.value)
        }
        self.init(
            version: .http2, method: HTTPMethod(rawValue: head.method), uri: head.path,
            headers: headers)
    }
}

extension HTTPResponse {
    /// The header block of the response over HTTP/2.
    ///
    /// - Parameter hasLength: whether the length of the body is known.
    func http2HeaderBlock(hasLength: Bool = true) -> HTTP2HeaderBlock {
        let headers = hasLength ? headersWithDateAndLength() : headersWithDate()
        let fields = headers.map { ($0.name.lowercased(), $0.value) }
        return HTTP2HeaderBlock(
            [(":status", String(status.code))]
                + fields.filter { !Self.connectionFields.contains($0.0) })
    }

    /// Fields about the connection of HTTP/1, malformed in HTTP/2 (RFC 9113 section 8.2.2).
    private static let connectionFields: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade",
    ]
}
