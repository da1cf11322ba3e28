package import HTTP2
package import NIOCore
internal import NIOPosix
package import TLS

extension GRPCClientConnection {
    /// Connects to a host and port, with TLS if `tls` is given.
    ///
    /// - Returns: fails with the error of the system, or with `TLSHandshakeError`.
    package static func connect(
        host: String, port: Int, on eventLoop: any EventLoop, loop: HTTP2Loop? = nil,
        configuration: GRPCClientConfiguration = GRPCClientConfiguration(), tls: TLSClient? = nil
    ) -> EventLoopFuture<GRPCClientConnection> {
        let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let dial = Dial(eventLoop, loop, authority, configuration)
        return dial.connect(tls, serverName: host) { $0.connect(host: host, port: port) }
    }

    /// Connects to a Unix domain socket, with TLS if `tls` is given. As in etcd's client the server
    /// is verified as the last part of the path, without a port.
    package static func connect(
        unixPath: String, on eventLoop: any EventLoop, loop: HTTP2Loop? = nil,
        configuration: GRPCClientConfiguration = GRPCClientConfiguration(), tls: TLSClient? = nil
    ) -> EventLoopFuture<GRPCClientConnection> {
        let dial = Dial(eventLoop, loop, "localhost", configuration)
        let name = unixPath.split(separator: "/").last?.prefix { $0 != ":" } ?? ""
        return dial.connect(tls, serverName: String(name)) {
            $0.connect(unixDomainSocketPath: unixPath)
        }
    }
}

/// One attempt to connect.
private struct Dial: Sendable {
    private let eventLoop: any EventLoop
    private let loop: HTTP2Loop?
    private let authority: String
    private let configuration: GRPCClientConfiguration

    init(
        _ eventLoop: any EventLoop, _ loop: HTTP2Loop?, _ authority: String,
        _ configuration: GRPCClientConfiguration
    ) {
        self.eventLoop = eventLoop
        self.loop = loop
        self.authority = authority
        self.configuration = configuration
    }

    /// Runs on the event loop, so that the handlers are added before the first bytes of the server
    /// are read.
    func connect(
        _ tls: TLSClient?, serverName: String,
        _ open: @escaping @Sendable (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) -> EventLoopFuture<GRPCClientConnection> {
        eventLoop.flatSubmit {
            guard let tls else {
                return open(bootstrap()).flatMapThrowing { try client(on: $0, configuration) }
            }
            return encrypted(tls, serverName, open)
        }
    }

    private func encrypted(
        _ tls: TLSClient, _ serverName: String,
        _ open: @escaping @Sendable (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) -> EventLoopFuture<GRPCClientConnection> {
        var encrypted = configuration
        encrypted.scheme = "https"
        return tls.connection(to: serverName, on: eventLoop).assumeIsolated()
            .flatMap { [encrypted] encryption in
                let handshake = eventLoop.makePromise(of: Void.self)
                let bound = NIOLoopBound(encryption, eventLoop: eventLoop)
                let bootstrap = bootstrap().channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try bound.value.add(to: channel).cascade(to: handshake)
                    }
                }
                let opened = open(bootstrap)
                opened.whenFailure { handshake.fail($0) }
                return opened.flatMap { channel in
                    handshake.futureResult.map { channel }
                }.flatMapThrowing { try client(on: $0, encrypted) }
            }.nonisolated()
    }

    private func bootstrap() -> ClientBootstrap {
        ClientBootstrap(group: eventLoop)
            .channelOption(ChannelOptions.socketOption(.tcp_nodelay), value: 1)
    }

    private func client(
        on channel: any Channel, _ configuration: GRPCClientConfiguration
    ) throws -> GRPCClientConnection {
        try GRPCClientConnection(
            channel: channel, loop: loop ?? HTTP2Loop(eventLoop: eventLoop),
            authority: authority, configuration: configuration)
    }
}
