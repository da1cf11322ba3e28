internal import EtcdAPI
internal import GRPC
internal import MonotonicClock
internal import SwiftProtobuf

/// A client of an etcd cluster.
///
/// All functions may be called from any task; cancelling the task cancels the call. A call that
/// fails with `unavailable` may or may not have been executed: the client does not retry.
public final class EtcdClient: Sendable {
    /// Timeouts and keepalive of calls and connections.
    public struct Configuration: Sendable {
        /// The timeout of a call.
        public var timeout: Duration = .seconds(5)
        /// The timeout of connecting to one endpoint.
        public var dialTimeout: Duration = .seconds(2)
        /// Idle time after which the server is pinged, at least ten seconds as in other gRPC
        /// clients; zero disables pings.
        public var keepaliveInterval: Duration = .zero
        /// Time after a ping without response until the connection counts as lost.
        public var keepaliveTimeout: Duration = .seconds(20)
        /// Certificates for endpoints with TLS. Without it an `https` endpoint is verified against
        /// the authorities of the system; with it an endpoint without a scheme uses TLS too.
        public var security: Security?

        public init() {}
    }

    /// The certificates of a client.
    public struct Security: Sendable, Hashable {
        /// File with the authorities that the members' certificates are checked against; nil takes
        /// those of the system.
        public var authoritiesFile: String?
        /// File with the certificate that this client shows, and those of its issuers; nil shows
        /// none.
        public var certificateFile: String?
        /// File with the key of the certificate.
        public var keyFile: String?
        /// Accepts any certificate of a member: for tests only.
        public var skipsVerification = false

        public init() {}
    }

    let connections: Connections
    private let configuration: Configuration

    /// - Parameter endpoints: members' client addresses, as `https://host:port`,
    ///   `http://host:port` or `host:port`; connections are opened when they are needed.
    /// - Throws: `invalidArgument` for an endpoint or a certificate that cannot be used.
    public init(
        endpoints: [String], configuration: Configuration = Configuration()
    ) throws(EtcdClientError) {
        guard !endpoints.isEmpty else {
            throw EtcdClientError(
                code: .invalidArgument, message: "at least one endpoint is needed")
        }
        var parsed: [Endpoint] = []
        for endpoint in endpoints { parsed.append(try Endpoint(endpoint)) }
        self.configuration = configuration
        connections = try Connections(endpoints: parsed, configuration: configuration)
    }

    /// Closes the connection; calls in progress fail.
    public func close() async {
        await connections.close()
    }

    /// Makes one unary call.
    func call<Response: SwiftProtobuf.Message>(
        _ method: String, _ request: some WireEncodable
    ) async throws(EtcdClientError) -> Response {
        try await call(method, bytes: request.encoded())
    }

    func call<Response: SwiftProtobuf.Message>(
        _ method: String, bytes: [UInt8]
    ) async throws(EtcdClientError) -> Response {
        let connection = try await connections.connection()
        do {
            let response = try await connection.call(
                path: "/etcdserverpb." + method, message: bytes,
                timeout: TimeSpan(configuration.timeout))
            return try Response(serializedBytes: response)
        } catch {
            throw EtcdClientError(error)
        }
    }
}
