internal import EtcdAPI
internal import GRPC
internal import SwiftProtobuf

/// A client of an etcd cluster.
///
/// All functions may be called from any task; cancelling the task cancels the call. A call that
/// fails with `unavailable` may have been carried out or not: the client repeats none by itself.
public final class EtcdClient: Sendable {
    /// How calls are made.
    public struct Configuration: Sendable {
        /// How long a call may take.
        public var timeoutMilliseconds: Int64 = 5_000
        /// How long making a connection to one endpoint may take.
        public var dialTimeoutMilliseconds: Int64 = 2_000
        /// Silence after which the server is pinged, at least ten seconds as in gRPC's other
        /// clients; 0 never pings.
        public var keepaliveIntervalMilliseconds: Int64 = 0
        /// Silence after a ping at which the connection counts as lost.
        public var keepaliveTimeoutMilliseconds: Int64 = 20_000

        public init() {}
    }

    let connections: Connections
    private let configuration: Configuration

    /// - Parameter endpoints: members' client addresses, as `http://host:port` or `host:port`;
    ///   connections are made when they are needed.
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
        connections = Connections(endpoints: parsed, configuration: configuration)
    }

    /// Closes the connection; calls under way fail.
    public func close() async {
        await connections.close()
    }

    /// Makes one unary call.
    func call<Answer: SwiftProtobuf.Message>(
        _ method: String, _ request: some WireEncodable
    ) async throws(EtcdClientError) -> Answer {
        try await call(method, bytes: request.encoded())
    }

    func call<Answer: SwiftProtobuf.Message>(
        _ method: String, bytes: [UInt8]
    ) async throws(EtcdClientError) -> Answer {
        let connection = try await connections.connection()
        do {
            let answer = try await connection.call(
                path: "/etcdserverpb." + method, message: bytes,
                timeoutMilliseconds: configuration.timeoutMilliseconds)
            return try Answer(serializedBytes: answer)
        } catch {
            throw EtcdClientError(error)
        }
    }
}
