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

    /// A request that is not the message it should be; the text of grpc-go's codec.
    static let undecodable = GRPCStatus(
        .internal, "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"
    )
}
