import GoText
import NIOHTTP1

extension HTTPRequest {
    /// The response to a request that claims to be a gRPC call without being one, with grpc-go's
    /// texts; nil for any other request.
    ///
    /// As in etcd, a content type that contains `application/grpc` makes the claim.
    var callRefusal: HTTPResponse? {
        guard isBesideGRPC, let type = headers.first(name: "Content-Type"),
            type.contains("application/grpc")
        else { return nil }
        guard method == .POST else {
            var response = HTTPResponse.failure(
                .methodNotAllowed,
                "invalid gRPC request method \(method.rawValue.goQuoted)")
            response.headers.add(name: "Allow", value: "POST")
            return response
        }
        return .failure(
            .unsupportedMediaType,
            "invalid gRPC request content-type \(type.goQuoted)")
    }
}
