@testable import Prometheus
import ConnectionIdentity
import HTTPServices
import NIOCore
import NIOPosix

/// An HTTP service that listens on a free local port.
final class HTTPServiceFixture {
    let source = FixedHealthSource()
    let registry = MetricRegistry()
    let service: HTTPService
    private let channel: any Channel

    var port: Int { channel.localAddress?.port ?? 0 }

    init(
        listener: HTTPListener = .client, identity: ConnectionIdentity = .plaintext,
        gateway: JSONGateway? = nil,
        _ change: (inout HTTPServiceConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = HTTPServiceConfiguration()
        configuration.commandLine = ["etcd", "--name", "a \"b\""]
        change(&configuration)
        let service = HTTPService(
            source: source, registry: registry, configuration: configuration, gateway: gateway)
        self.service = service
        channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    try service.configure(
                        channel: child, listener: listener, identity: identity)
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
    }

    deinit { channel.close(promise: nil) }

    func connect() throws -> RawClient { try RawClient(port: port, server: self) }

    func get(_ target: String) throws -> RawClient.Response {
        try connect().request("GET", target)
    }
}
