package import EtcdAPI
package import GRPC

/// Answers of the services, in etcd's terms.
extension GRPCServerCall {
    /// Answers with one encoded message.
    func answer(_ message: some WireEncodable) {
        let size = message.encodedSize
        respond(lengthBytes: size) { memory in
            var writer = WireWriter(into: memory)
            message.encode(into: &writer)
        }
    }

    /// Answers with a range; many pairs are not copied.
    func answer(range: RangeAnswer) {
        let pairs = range.keyValues
        // What is handed over is held with all its room until the client has taken it.
        guard pairs.count > Self.copiedBytesMax, pairs.capacity <= 2 * pairs.count else {
            return answer(range)
        }
        let tail = range.tailSize
        send(
            headBytes: range.encodedSize - pairs.count - tail,
            { memory in
                var writer = WireWriter(into: memory)
                range.encodeHead(into: &writer)
            },
            middle: pairs, tailBytes: tail,
            { memory in
                var writer = WireWriter(into: memory)
                range.encodeTail(into: &writer)
            })
        finish()
    }

    private static let copiedBytesMax = 16 << 10

    /// Sends one encoded message on a stream.
    func send(_ message: some WireEncodable) {
        let size = message.encodedSize
        send(lengthBytes: size) { memory in
            var writer = WireWriter(into: memory)
            message.encode(into: &writer)
        }
    }

    /// Ends the call with one of etcd's errors.
    func fail(_ error: EtcdError) {
        finish(GRPCStatus(error))
    }
}

extension GRPCStatus {
    /// The same code and text on the wire.
    package init(_ error: EtcdError) {
        self.init(GRPCStatusCode(rawValue: error.code.rawValue) ?? .unknown, error.message)
    }

    /// A stream's message that is not what it should be, in grpc-go's words.
    static let undecodable = GRPCStatus(
        .internal, "grpc: failed to unmarshal the received message: " + malformedMessage)
    /// A unary request that is not the message it should be, in grpc-go's words.
    static let undecodableRequest = GRPCStatus(
        .internal, "grpc: error unmarshalling request: " + malformedMessage)

    private static let malformedMessage = "proto: cannot parse invalid wire-format data"
}
