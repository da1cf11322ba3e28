internal import HTTP2

/// The requests of one connection that are not gRPC calls.
///
/// Whether a request is a call is known when its header block is complete. Until then this keeps
/// what the handler reads of the block; blocks of one connection do not interleave, so that one
/// buffer serves all its streams and a call has no more state.
final class GRPCServerRequests {
    let handler: any HTTP2RequestHandler
    private var fields = HTTP2RequestFields()
    /// The first `:authority`, usually that of all requests of the connection.
    private var firstAuthority: [UInt8]?
    /// The `:authority` of the current block if it differs.
    private var otherAuthority: [UInt8]?

    init(handler: any HTTP2RequestHandler) {
        self.handler = handler
    }

    /// A header block starts.
    func beginHead() {
        fields.reset()
        if otherAuthority != nil { otherAuthority = nil }
    }

    /// Keeps the `:authority` of the current block; returns whether it is the connection's first.
    func keepAuthority(_ value: UnsafeRawBufferPointer) -> Bool {
        guard let firstAuthority else {
            firstAuthority = Array(value)
            return true
        }
        if firstAuthority.withUnsafeBytes({ GRPCMethodTable.equal($0, value) }) { return true }
        otherAuthority = Array(value)
        return false
    }

    /// Keeps a field that the handler reads; returns an error when the connection keeps too much.
    ///
    /// Of a call nothing is kept. Nothing but calls is served at the path of a gRPC method, so that
    /// of another request to it only the fields are kept that are read at any path.
    func keep(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, of call: GRPCServerCall
    ) -> HTTP2ErrorCode? {
        if call.methodIndex >= 0, call.isCall || !handler.readsAtAnyPath(name) { return nil }
        guard let stream = call.stream else { return nil }
        return fields.append(name: name, value: value, for: handler, on: stream)
    }

    /// The head of the request whose header block is complete; nil if it lacks method or path.
    func takeHead(of call: GRPCServerCall) -> HTTP2RequestHead? {
        let received = call.headerFields
        guard received.isSuperset(of: [.method, .path]) else { return nil }
        let path = call.methodIndex >= 0 ? call.method.path : call.refusal.path
        var head = HTTP2RequestHead(method: call.refusal.httpMethod ?? "POST", path: path ?? "")
        if received.contains(.authority) {
            head.authority = (otherAuthority ?? firstAuthority).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        if let contentType = call.requestedContentType {
            fields.append(name: "content-type", value: contentType)
        }
        fields.move(to: &head)
        return head
    }
}

extension GRPCServerCall {
    /// Whether the headers are those of a gRPC call: POST with a gRPC content type.
    var isCall: Bool {
        refusal.httpMethod == nil && headerFields.isSuperset(of: [.contentType, .method])
    }

    fileprivate var requestedContentType: String? {
        guard headerFields.contains(.contentType) else { return refusal.contentType }
        return "application/grpc" + (contentSubtype.isEmpty ? "" : "+" + contentSubtype)
    }

    /// Leaves the stream to the handler of other requests.
    func handOver(to requests: GRPCServerRequests) {
        isClosed = true
        guard let stream else { return }
        self.stream = nil
        guard let head = requests.takeHead(of: self) else { return stream.reset(.protocolError) }
        stream.delegate = requests.handler.serve(head, on: stream)
    }
}
