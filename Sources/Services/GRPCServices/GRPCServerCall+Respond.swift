internal import EtcdAPI
internal import GRPC

/// Responses and errors of the services.
extension GRPCServerCall {
    /// Responds with one encoded message.
    func respond(_ message: some WireEncodable) {
        let size = message.encodedSize
        respond(lengthBytes: size) { buffer in
            var writer = WireWriter(into: buffer)
            message.encode(into: &writer)
        }
    }

    /// Responds with a range; a large array of pairs is not copied.
    func respond(range: RangeResponse) {
        let pairs = range.keyValues
        // The array stays in memory with its whole capacity until the client has read it.
        guard pairs.count > Self.copiedBytesMax, pairs.capacity <= 2 * pairs.count else {
            return respond(range)
        }
        let tail = range.tailSize
        send(
            headBytes: range.encodedSize - pairs.count - tail,
            { buffer in
                var writer = WireWriter(into: buffer)
                range.encodeHead(into: &writer)
            },
            middle: pairs, tailBytes: tail,
            { buffer in
                var writer = WireWriter(into: buffer)
                range.encodeTail(into: &writer)
            })
        finish()
    }

    private static let copiedBytesMax = 16 << 10

    /// Sends one encoded message on a stream.
    func send(_ message: some WireEncodable) {
        let size = message.encodedSize
        send(lengthBytes: size) { buffer in
            var writer = WireWriter(into: buffer)
            message.encode(into: &writer)
        }
    }

    /// Finishes the call with an etcd error.
    func fail(_ error: EtcdError) {
        finish(GRPCStatus(error))
    }
}
