package import NIOCore

/// A server connection without gRPC: all its streams are requests.
package final class HTTP2RequestConnection: HTTP2ConnectionDelegate {
    private let handler: any HTTP2RequestHandler

    private init(handler: any HTTP2RequestHandler) {
        self.handler = handler
    }

    /// Adds the handlers of such a connection to `channel`. Call on the channel's event loop.
    ///
    /// - Parameter loop: the shared state of the connections of this event loop.
    package static func addHandlers(
        to channel: any Channel, handler: any HTTP2RequestHandler,
        configuration: HTTP2Configuration, loop: HTTP2Loop
    ) throws {
        precondition(channel.eventLoop === loop.eventLoop, "a loop serves its own channels")
        let transport = HTTP2Connection(role: .server, configuration: configuration, loop: loop)
        transport.delegate = HTTP2RequestConnection(handler: handler)
        try channel.pipeline.syncOperations.addHandler(transport)
    }

    package func connection(_ connection: HTTP2Connection, opened stream: HTTP2Stream) {
        stream.delegate = HTTP2RequestReader(stream: stream, handler: handler)
    }

    package func connectionClosed(_ connection: HTTP2Connection) {}

    package func connectionGoingAway(_ connection: HTTP2Connection) {}
}

/// Reads the head of a request and leaves the stream to the handler then.
private final class HTTP2RequestReader: HTTP2StreamDelegate {
    private var stream: HTTP2Stream?
    private let handler: any HTTP2RequestHandler
    private var method: String?
    private var path: String?
    private var scheme: String?
    private var authority: String?
    private var fields = HTTP2RequestFields()
    private var hasRegularField = false

    init(stream: HTTP2Stream, handler: any HTTP2RequestHandler) {
        self.stream = stream
        self.handler = handler
    }

    func streamReceivedHeader(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) -> HTTP2FieldResult {
        read(name, value).map(HTTP2FieldResult.refused) ?? .accepted
    }

    private func read(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> HTTP2ErrorCode? {
        guard HTTP2FieldRules.isValue(value) else { return .protocolError }
        if name.first == UInt8(ascii: ":") { return readPseudo(name, value) }
        guard HTTP2FieldRules.isName(name), !name.elementsEqual("connection".utf8) else {
            return .protocolError
        }
        hasRegularField = true
        guard let stream else { return nil }
        return fields.append(name: name, value: value, for: handler, on: stream)
    }

    /// Each pseudo-header occurs once, before all other fields.
    private func readPseudo(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> HTTP2ErrorCode? {
        func set(_ field: inout String?) -> HTTP2ErrorCode? {
            guard field == nil, !hasRegularField else { return .protocolError }
            field = String(decoding: value, as: UTF8.self)
            return nil
        }
        return switch String(decoding: name, as: UTF8.self) {
        case ":method": set(&method)
        case ":path": set(&path)
        case ":scheme": set(&scheme)
        case ":authority": set(&authority)
        default: .protocolError
        }
    }

    func streamReceivedHeaders(endOfStream: Bool) {
        guard let stream else { return }
        self.stream = nil
        guard let method, let path else { return stream.reset(.protocolError) }
        var head = HTTP2RequestHead(method: method, path: path)
        head.authority = authority
        fields.move(to: &head)
        stream.delegate = handler.serve(head, on: stream)
    }

    // A request that was reset for its head: the rest is ignored.
    func streamReceivedData(_ bytes: UnsafeRawBufferPointer) {}
    func streamReceivedEnd() {}
    func streamBecameWritable() {}

    func streamClosed(_ code: HTTP2ErrorCode, connectionLost: Bool) { stream = nil }
}
