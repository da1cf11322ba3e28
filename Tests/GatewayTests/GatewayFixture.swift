import Gateway
import NIOCore
import NIOPosix

/// A gateway that listens on a free port of this machine.
final class GatewayFixture {
    let source = FixedHealthSource()
    let registry = MetricRegistry()
    let gateway: HTTPGateway
    private let channel: any Channel

    var port: Int { channel.localAddress?.port ?? 0 }

    init(
        listener: GatewayListener = .client, isEncrypted: Bool = false,
        _ change: (inout GatewaySettings) -> Void = { _ in }
    ) throws {
        var settings = GatewaySettings()
        settings.commandLine = ["etcd", "--name", "a \"b\""]
        change(&settings)
        let gateway = HTTPGateway(source: source, registry: registry, settings: settings)
        self.gateway = gateway
        channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    try gateway.configure(
                        channel: child, listener: listener, isEncrypted: isEncrypted)
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
    }

    deinit { channel.close(promise: nil) }

    func connect() throws -> RawClient { try RawClient(port: port, server: self) }

    func get(_ target: String) throws -> RawClient.Answer {
        try connect().request("GET", target)
    }
}
