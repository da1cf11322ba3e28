internal import GRPC
internal import MonotonicClock
internal import NIOCore
internal import TLS

/// Opens connections with the settings of a client.
struct Dialer: Sendable {
    /// The shortest interval of pings that members allow by default.
    private static let keepaliveIntervalMin = Duration.seconds(5)

    private let group: any EventLoopGroup
    private let configuration: GRPCClientConfiguration
    /// nil: none but that of the call.
    private let timeout: TimeSpan?
    private let tls: EndpointTLS

    init(
        endpoints: [Endpoint], configuration: EtcdClient.Configuration, group: any EventLoopGroup
    ) throws(EtcdClientError) {
        self.group = group
        self.configuration = Self.configuration(configuration)
        let dialTimeout = configuration.dialTimeout
        timeout = dialTimeout > .zero ? TimeSpan(dialTimeout) : nil
        tls = EndpointTLS(configuration.security)
        try prepare(for: endpoints)
    }

    /// Reads the certificates, if one of the endpoints needs them. Not on an event loop.
    func prepare(for endpoints: [Endpoint]) throws(EtcdClientError) {
        try tls.prepare(for: endpoints)
    }

    /// For timers.
    var loop: any EventLoop { group.next() }

    private static func configuration(
        _ configuration: EtcdClient.Configuration
    ) -> GRPCClientConfiguration {
        var grpc = GRPCClientConfiguration()
        grpc.receiveBytesMax = configuration.responseBytesMax
        let interval = configuration.keepaliveInterval
        if interval > .zero {
            grpc.http2.keepalive.pingInterval = TimeSpan(max(interval, keepaliveIntervalMin))
            grpc.http2.keepalive.pingTimeout = TimeSpan(configuration.keepaliveTimeout)
            grpc.http2.keepalive.pingsIdlePeer = configuration.pingsIdleMembers
        }
        return grpc
    }

    func dial(_ endpoint: Endpoint) -> EventLoopFuture<GRPCClientConnection> {
        let loop = group.next()
        let encryption: TLSClient?
        do throws(EtcdClientError) {
            encryption = try tls.client(for: endpoint)
        } catch {
            return loop.makeFailedFuture(error)
        }
        return switch endpoint.address {
        case .host(let host, let port):
            GRPCClientConnection.connect(
                host: host, port: port, on: loop, configuration: configuration, tls: encryption,
                timeout: timeout)
        case .unixPath(let path):
            GRPCClientConnection.connect(
                unixPath: path, on: loop, configuration: configuration, tls: encryption,
                timeout: timeout)
        }
    }
}
