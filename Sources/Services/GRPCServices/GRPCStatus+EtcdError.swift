package import EtcdAPI
package import GRPC

extension GRPCStatus {
    /// The status with the code and message of an etcd error.
    package init(_ error: EtcdError) {
        self.init(error.code, error.message)
    }

    /// A malformed message of a stream, with grpc-go's text.
    static let undecodable = GRPCStatus(
        .internal, "grpc: failed to unmarshal the received message: " + malformedMessage)
    /// A malformed unary request, with grpc-go's text.
    static let undecodableRequest = GRPCStatus(
        .internal, "grpc: error unmarshalling request: " + malformedMessage)

    /// A request with a text that is not UTF-8.
    static let requestWithInvalidText = GRPCStatus(
        .internal, "grpc: error unmarshalling request: string field contains invalid UTF-8")

    private static let malformedMessage = "proto: cannot parse invalid wire-format data"
}
