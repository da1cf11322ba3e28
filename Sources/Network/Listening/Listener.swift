package import NIOCore
package import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#endif

/// Where a listener listens.
package enum ListeningAddress: Sendable, Hashable {
    case tcp(host: String, port: Int)
    case unixSocket(path: String)
}

/// Opens listening sockets. All listeners of a member are made here.
package struct Listener: Sendable {
    package var configuration: ListenerConfiguration
    /// The event loops that accept, and that the connections are distributed over.
    package var group: any EventLoopGroup
    /// Whether it accepts at once; otherwise after `resume`, and connections wait in the backlog.
    package var acceptsAtOnce = true
    /// Whether other sockets may listen on the same port (SO_REUSEPORT).
    package var sharesPort = false

    private static let backlog: Int32 = 1024

    package init(configuration: ListenerConfiguration, group: any EventLoopGroup) {
        self.configuration = configuration
        self.group = group
    }

    /// Binds and listens. A socket file that exists is replaced, also one that another process
    /// serves, as in etcd.
    ///
    /// - Throws: `IOError` of the system call, or the error of the host's resolution.
    package func bind(_ address: ListeningAddress) async throws -> any Channel {
        var bootstrap = bootstrap.serverChannelOption(.backlog, value: Self.backlog)
        switch address {
        case .unixSocket(let path):
            unlink(path)
            return try await bootstrap.bind(unixDomainSocketPath: path).get()
        case .tcp(let host, let port):
            bootstrap = Self.withTCPOptions(bootstrap)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            if sharesPort {
                let option = ChannelOptions.socket(SocketOptionLevel(SOL_SOCKET), SO_REUSEPORT)
                bootstrap = bootstrap.serverChannelOption(option, value: 1)
            }
            return try await bootstrap.bind(host: host, port: port).get()
        }
    }

    /// Accepts connections of a socket that listens already, and may have listened on another event
    /// loop before.
    package func accept(from socket: ListeningSocket) -> EventLoopFuture<any Channel> {
        do throws(IOError) {
            let descriptor = try socket.duplicate()
            let isTCP = socket.address.port != nil
            return (isTCP ? Self.withTCPOptions(bootstrap) : bootstrap).withBoundSocket(descriptor)
        } catch {
            return group.any().makeFailedFuture(error)
        }
    }

    private static func withTCPOptions(_ bootstrap: ServerBootstrap) -> ServerBootstrap {
        bootstrap
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    }

    private var bootstrap: ServerBootstrap {
        let configuration = self.configuration
        return ServerBootstrap(group: group)
            .serverChannelOption(.autoRead, value: acceptsAtOnce)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let limit = AcceptLimitHandler(configuration.acceptLimit)
                    try channel.pipeline.syncOperations.addHandler(limit)
                }
            }
            .childChannelInitializer { channel in
                configuration.onAccept(channel)
                return channel.eventLoop.makeCompletedFuture {
                    let setup = ConnectionSetup(configuration, channel)
                    try channel.pipeline.syncOperations.addHandler(setup)
                }
            }
    }

    /// Accepts from now on, beginning with the backlog; for listeners that do not accept at once.
    package static func resume(_ channel: any Channel) async {
        // Fails only for a channel that was closed meanwhile.
        try? await channel.setOption(.autoRead, value: true).get()
    }
}
