package import Listening
package import NIOCore
internal import NIOPosix
package import ServerLogging
internal import Synchronization

/// Passes connections on to a list of endpoints, without reading their bytes.
///
/// A connection goes to one of the active endpoints. An endpoint that cannot be dialed becomes
/// inactive, and the connection goes to the next; without any it is closed. Every `retryDelay` the
/// inactive endpoints are dialed again.
package final class TCPProxy: Sendable {
    /// A connection attempt to an endpoint that does not respond ends after this time.
    private static let dialTimeout = TimeAmount.seconds(10)
    private static let retryDelayOfNone = Duration.seconds(300)

    private let choice: Mutex<EndpointChoice>
    private let retryDelay: Duration
    private let group: any EventLoopGroup
    private let logger: ServerLogger

    /// - Parameter retryDelay: five minutes if it is not positive.
    package init(
        endpoints: [ProxyEndpoint], retryDelay: Duration, group: any EventLoopGroup,
        logger: ServerLogger
    ) {
        choice = Mutex(EndpointChoice(endpoints))
        self.retryDelay = retryDelay > .zero ? retryDelay : Self.retryDelayOfNone
        self.group = group
        self.logger = logger
    }

    /// Serves the connections of a socket until the returned channel is closed.
    ///
    /// - Parameter limit: of the connections that are open at once; each takes two descriptors.
    package func serve(
        _ socket: ListeningSocket, limit: AcceptLimit
    ) async throws -> any Channel {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptLimitHandler(limit))
                }
            }
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let loop = channel.eventLoop
                    let client = Relay { self.connect($0, on: loop) }
                    try channel.pipeline.syncOperations.addHandler(client)
                }
            }
            .withBoundSocket(socket.duplicate()).get()
        let probes = channel.eventLoop.scheduleRepeatedTask(
            initialDelay: TimeAmount(retryDelay), delay: TimeAmount(retryDelay)
        ) { _ in self.probeInactive() }
        channel.closeFuture.whenComplete { _ in probes.cancel() }
        return channel
    }

    /// Connects a client to an endpoint; tries one after the other.
    private func connect(_ client: Relay, on loop: any EventLoop) {
        let next = choice.withLock { choice in
            var generator = SystemRandomNumberGenerator()
            return choice.next(using: &generator).map { ($0, choice.endpoints[$0]) }
        }
        guard let (index, endpoint) = next else { return client.close() }
        let server = Relay()
        let isolated = NIOLoopBound((client, server), eventLoop: loop)
        Self.bootstrap(on: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(isolated.value.1)
                }
            }
            .connect(host: endpoint.host, port: Int(endpoint.port))
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success: client.isOpen ? Relay.join(client, server) : server.close()
                case .failure(let error):
                    self.deactivate(index, endpoint, error)
                    if client.isOpen { self.connect(client, on: loop) }
                }
            }
    }

    private static func bootstrap(on loop: any EventLoop) -> ClientBootstrap {
        ClientBootstrap(group: loop)
            .connectTimeout(dialTimeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.autoRead, value: false)
    }

    // MARK: - Inactive endpoints

    private func deactivate(_ index: Int, _ endpoint: ProxyEndpoint, _ error: any Error) {
        choice.withLock { $0.deactivate(index) }
        logger.warn("deactivated endpoint", failure(endpoint, error))
    }

    private func failure(
        _ endpoint: ProxyEndpoint, _ error: any Error
    ) -> KeyValuePairs<String, LogValue> {
        [
            "address": .string(endpoint.address), "interval": .duration(retryDelay),
            "error": .string(NetworkErrorText.ofDial(error, to: endpoint)),
        ]
    }

    private func probeInactive() {
        for (index, endpoint) in choice.withLock({ choice in
            choice.inactive.map { ($0, choice.endpoints[$0]) }
        }) {
            let dial = Self.bootstrap(on: group.next())
                .connect(host: endpoint.host, port: Int(endpoint.port))
            dial.whenComplete { result in
                switch result {
                case .success(let channel):
                    channel.close(promise: nil)
                    self.choice.withLock { $0.activate(index) }
                    self.logger.info("activated", ["address": .string(endpoint.address)])
                case .failure(let error):
                    self.logger.warn(
                        "failed to activate endpoint (stay inactive for another interval)",
                        self.failure(endpoint, error))
                }
            }
        }
    }
}
