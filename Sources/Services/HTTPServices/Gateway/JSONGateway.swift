package import GRPC
import NIOCore
import NIOHTTP1
import ProtobufJSON

/// etcd's JSON gateway: gRPC methods called with JSON over HTTP, in this process.
///
/// A request becomes a call of the gRPC server's own methods, without a connection to itself. So it
/// is served, checked and counted like any other call, and shows nothing about its caller but the
/// headers of the request.
package struct JSONGateway: Sendable {
    static let prefix = "/v3/"

    let server: GRPCServer
    /// The routes by their paths.
    let routes: [String: GatewayRoute]
    /// Whether certificates name users now: then a client that shows one is refused, since it does
    /// not count here.
    let refusesCommonNames: @Sendable () -> Bool
    let schema = ProtobufSchema.etcd

    /// Maximum size of a request body, or of what is received of a stream but not read yet, as a
    /// multiple of that of a message: base64 and JSON make a message larger.
    private static let bodySizeFactor = 4

    /// - Parameter server: has the methods; requests arrive on its event loops.
    package init(
        server: GRPCServer, refusesCommonNames: @escaping @Sendable () -> Bool = { false }
    ) {
        self.server = server
        self.refusesCommonNames = refusesCommonNames
        var routes: [String: GatewayRoute] = [:]
        for method in server.methods {
            guard let messages = schema.method(method.path) else { continue }
            for path in GatewayRoutes.paths(of: method.path) {
                routes[Self.prefix + path] = GatewayRoute(method: method, messages: messages)
            }
        }
        self.routes = routes
    }

    var bodyBytesMax: Int { server.configuration.receiveBytesMax * Self.bodySizeFactor }

    /// The response to a request that has no route: to an unknown path, or with another method.
    func refusal(_ request: HTTPRequest) -> HTTPResponse {
        let status =
            routes[request.path] == nil
            ? GRPCStatus.noRoute
            : GRPCStatus(.unimplemented, "Method Not Allowed")
        return .gatewayError(status)
    }
}

/// A method that the gateway serves, and its messages.
struct GatewayRoute: Sendable {
    let method: GRPCMethod
    let messages: MethodSchema

    /// Whether the request is a sequence of messages.
    var streamsRequests: Bool {
        method.kind == .bidirectional || method.kind == .clientStreaming
    }

    /// Whether the response is a sequence of messages, one in each line.
    var streamsResponses: Bool { method.kind != .unary }
}
