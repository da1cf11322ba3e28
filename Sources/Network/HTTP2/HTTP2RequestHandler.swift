/// Serves the requests of one server connection that are not gRPC calls. Called on the
/// connection's event loop.
package protocol HTTP2RequestHandler: AnyObject {
    /// Maximum size of the received names and values of a head in bytes.
    var headerBytesMax: Int { get }
    /// Maximum number of header fields of a head.
    var headerFieldsMax: Int { get }
    /// Whether the handler reads the field of this name; others are only counted.
    func reads(_ name: UnsafeRawBufferPointer) -> Bool
    /// Whether the field of this name is read at any path, served or not.
    func readsAtAnyPath(_ name: UnsafeRawBufferPointer) -> Bool
    /// Starts to serve a request. The returned delegate becomes the stream's: it receives the body,
    /// the end and the close, and sends the response.
    func serve(_ head: HTTP2RequestHead, on stream: HTTP2Stream) -> any HTTP2StreamDelegate
}

/// The head of a request.
package struct HTTP2RequestHead: Sendable {
    package var method: String
    /// `:path` as received.
    package var path: String
    /// `:authority`; nil if the request has none.
    package var authority: String?
    /// The fields that the handler reads, names in lower case, in the received order.
    package internal(set) var fields: [(name: String, value: String)] = []
    /// Whether the fields exceed the handler's limits; then some are missing.
    package internal(set) var isTooLarge = false

    package init(method: String, path: String) {
        self.method = method
        self.path = path
    }

    /// All values of the field `name` (lower case).
    package func values(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }
}

/// The header fields of a request while its header block is received, bounded by the limits of the
/// handler.
package struct HTTP2RequestFields {
    private var fields: [(name: String, value: String)] = []
    private var countBytes = 0
    private var count = 0
    private var isTooLarge = false

    package init() {}

    /// Forgets everything; a new header block starts.
    package mutating func reset() {
        count = 0
        countBytes = 0
        isTooLarge = false
        if !fields.isEmpty { fields = [] }
    }

    /// Counts a field, and keeps it if the handler reads it and the limits of heads allow; returns
    /// an error when the connection keeps too much.
    package mutating func append(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer,
        for handler: any HTTP2RequestHandler, on stream: HTTP2Stream
    ) -> HTTP2ErrorCode? {
        count += 1
        countBytes += name.count + value.count
        if count > handler.headerFieldsMax || countBytes > handler.headerBytesMax {
            isTooLarge = true
        }
        guard !isTooLarge, handler.reads(name) else { return nil }
        // 32 bytes of overhead for each field (RFC 9113 section 6.5.2).
        guard stream.keepHeader(bytes: name.count + value.count + 32) else {
            return .enhanceYourCalm
        }
        append(
            name: String(decoding: name, as: UTF8.self),
            value: String(decoding: value, as: UTF8.self))
        return nil
    }

    /// Keeps a field.
    package mutating func append(name: String, value: String) {
        fields.append((name, value))
    }

    /// Moves the fields to their head.
    package mutating func move(to head: inout HTTP2RequestHead) {
        head.fields = fields
        head.isTooLarge = isTooLarge
        reset()
    }
}
