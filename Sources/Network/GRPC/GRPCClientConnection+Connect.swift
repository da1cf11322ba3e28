package import HTTP2
package import MonotonicClock
package import NIOCore
internal import NIOPosix
package import TLS

/// A connection was not ready within its timeout.
package struct GRPCConnectTimeout: Error, CustomStringConvertible {
    package var description: String { "i/o timeout" }
}

extension GRPCClientConnection {
    /// Connects to a host and port, with TLS if `tls` is given.
    ///
    /// - Parameter timeout: until the server has sent its SETTINGS, so that a process that accepts
    ///   connections without serving them counts as unreachable. Without a timeout the connection
    ///   is returned as soon as it is open.
    /// - Returns: fails with the error of the system, `TLSHandshakeError` or `GRPCConnectTimeout`;
    ///   the socket is closed then.
    package static func connect(
        host: String, port: Int, on eventLoop: any EventLoop, loop: HTTP2Loop? = nil,
        configuration: GRPCClientConfiguration = GRPCClientConfiguration(), tls: TLSClient? = nil,
        timeout: TimeSpan? = nil
    ) -> EventLoopFuture<GRPCClientConnection> {
        let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let dial = Dial(eventLoop, loop, authority, configuration)
        return dial.connect(tls, serverName: host, timeout) { $0.connect(host: host, port: port) }
    }

    /// Connects to a Unix domain socket, with TLS if `tls` is given. As in etcd's client the last
    /// part of the path is the authority, and without a port the name that is verified.
    package static func connect(
        unixPath: String, on eventLoop: any EventLoop, loop: HTTP2Loop? = nil,
        configuration: GRPCClientConfiguration = GRPCClientConfiguration(), tls: TLSClient? = nil,
        timeout: TimeSpan? = nil
    ) -> EventLoopFuture<GRPCClientConnection> {
        let authority = unixPath.split(separator: "/").last ?? ""
        let dial = Dial(eventLoop, loop, String(authority), configuration)
        let name = authority.prefix { $0 != ":" }
        return dial.connect(tls, serverName: String(name), timeout) {
            $0.connect(unixDomainSocketPath: unixPath)
        }
    }
}

/// One attempt to connect. Used on its event loop.
private final class Dial: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private let loop: HTTP2Loop?
    private let authority: String
    private let configuration: GRPCClientConfiguration
    /// Those opened for this attempt: more than one if a name has several addresses.
    private var channels: [any Channel] = []
    private var hasTimedOut = false

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
        _ tls: TLSClient?, serverName: String, _ timeout: TimeSpan?,
        _ open: @escaping @Sendable (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) -> EventLoopFuture<GRPCClientConnection> {
        eventLoop.flatSubmit {
            guard let timeout else { return self.open(tls, serverName, open) }
            return self.open(tls, serverName, open, within: timeout)
        }
    }

    private func open(
        _ tls: TLSClient?, _ serverName: String,
        _ open: @escaping @Sendable (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) -> EventLoopFuture<GRPCClientConnection> {
        guard let tls else {
            return open(bootstrap { _ in }).flatMapThrowing {
                try self.client(on: $0, self.configuration)
            }
        }
        return encrypted(tls, serverName, open)
    }

    private func open(
        _ tls: TLSClient?, _ serverName: String,
        _ open: @escaping @Sendable (ClientBootstrap) -> EventLoopFuture<any Channel>,
        within timeout: TimeSpan
    ) -> EventLoopFuture<GRPCClientConnection> {
        let promise = eventLoop.makePromise(of: GRPCClientConnection.self)
        let timer = eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            self.hasTimedOut = true
            let channels = self.channels
            promise.fail(GRPCConnectTimeout())
            for channel in channels { channel.close(promise: nil) }
        }
        promise.futureResult.whenComplete { _ in
            timer.cancel()
            self.channels = []
        }
        self.open(tls, serverName, open).whenComplete { result in
            guard case .success(let connection) = result else {
                return promise.completeWith(result)
            }
            connection.onSettings = { promise.succeed(connection) }
            connection.closeFuture.whenComplete { _ in
                promise.fail(ChannelError.eof)
            }
        }
        return promise.futureResult
    }

    private func encrypted(
        _ tls: TLSClient, _ serverName: String,
        _ open: @escaping @Sendable (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) -> EventLoopFuture<GRPCClientConnection> {
        var configuration = configuration
        configuration.scheme = "https"
        return tls.connection(to: serverName, on: eventLoop).assumeIsolated()
            .flatMap { [configuration] encryption in
                let handshake = self.eventLoop.makePromise(of: Void.self)
                let bound = NIOLoopBound(encryption, eventLoop: self.eventLoop)
                let bootstrap = self.bootstrap { channel in
                    try bound.value.add(to: channel).cascade(to: handshake)
                }
                let opened = open(bootstrap)
                opened.whenFailure { handshake.fail($0) }
                return opened.flatMap { channel in
                    handshake.futureResult.map { channel }
                }.flatMapThrowing { try self.client(on: $0, configuration) }
            }.nonisolated()
    }

    private func bootstrap(
        _ initialize: @escaping @Sendable (any Channel) throws -> Void
    ) -> ClientBootstrap {
        ClientBootstrap(group: eventLoop)
            .channelOption(ChannelOptions.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard !self.hasTimedOut else { throw GRPCConnectTimeout() }
                    self.channels.append(channel)
                    try initialize(channel)
                }
            }
    }

    private func client(
        on channel: any Channel, _ configuration: GRPCClientConfiguration
    ) throws -> GRPCClientConnection {
        try GRPCClientConnection(
            channel: channel, loop: loop ?? HTTP2Loop(eventLoop: eventLoop),
            authority: authority, configuration: configuration)
    }
}
