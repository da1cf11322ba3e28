package import HTTP2
package import NIOCore
internal import NIOPosix

extension GRPCClientConnection {
    /// Connects to a host and port. `configureChannel` adds handlers below HTTP/2, for example TLS.
    package static func connect(
        host: String, port: Int, on eventLoop: any EventLoop, loop: HTTP2Loop? = nil,
        configuration: GRPCClientConfiguration = GRPCClientConfiguration(),
        configureChannel: (@Sendable (any Channel) throws -> Void)? = nil
    ) -> EventLoopFuture<GRPCClientConnection> {
        let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        return connect(on: eventLoop, loop, authority, configuration, configureChannel) {
            $0.connect(host: host, port: port)
        }
    }

    /// Connects to a Unix domain socket.
    package static func connect(
        unixPath: String, on eventLoop: any EventLoop, loop: HTTP2Loop? = nil,
        configuration: GRPCClientConfiguration = GRPCClientConfiguration(),
        configureChannel: (@Sendable (any Channel) throws -> Void)? = nil
    ) -> EventLoopFuture<GRPCClientConnection> {
        connect(on: eventLoop, loop, "localhost", configuration, configureChannel) {
            $0.connect(unixDomainSocketPath: unixPath)
        }
    }

    private static func connect(
        on eventLoop: any EventLoop, _ loop: HTTP2Loop?, _ authority: String,
        _ configuration: GRPCClientConfiguration,
        _ configureChannel: (@Sendable (any Channel) throws -> Void)?,
        _ open: @escaping @Sendable (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) -> EventLoopFuture<GRPCClientConnection> {
        // On the event loop, so that the handler is added before the server's SETTINGS are read.
        eventLoop.flatSubmit {
            let bootstrap = ClientBootstrap(group: eventLoop)
                .channelOption(ChannelOptions.socketOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try configureChannel?(channel) }
                }
            return open(bootstrap).flatMapThrowing { channel in
                try GRPCClientConnection(
                    channel: channel, loop: loop ?? HTTP2Loop(eventLoop: eventLoop),
                    authority: authority, configuration: configuration)
            }
        }
    }
}
