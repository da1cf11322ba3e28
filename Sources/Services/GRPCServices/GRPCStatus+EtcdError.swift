package import EtcdAPI
package import GRPC

extension GRPCStatus {
    /// The status with the code and message of an etcd error.
    package init(_ error: EtcdError) {
        self.init(GRPCStatusCode(rawValue: error.code.rawValue) ?? .unknown, error.message)
    }

    /// A malformed message of a stream, with grpc-go's text.
    static let undecodable = GRPCStatus(
        .internal, "grpc: failed to unmarshal the received message: " + malformedMessage)
    /// A malformed unary request, with grpc-go's text.
    static let undecodableRequest = GRPCStatus(
        .internal, "grpc: error unmarshalling request: " + malformedMessage)

    private static let malformedMessage = "proto: cannot parse invalid wire-format data"
}
