internal import EtcdAPI
public import Logging
public import NIOCore
public import NIOPosix

/// A client of an etcd cluster.
///
/// A client works while its `run()` runs: in a task group of the program, or through
/// ``withClient(endpoints:configuration:eventLoopGroup:logger:isolation:_:)``. Connections are opened
/// when they are needed, and closed when `run()` is cancelled.
///
/// All functions may be called from any task. Cancelling the task cancels the call. Calls are
/// spread over the endpoints that can be reached; see ``Configuration/retries`` for what is
/// repeated on another endpoint.
public final class EtcdClient: Sendable {
    let cluster: ClusterCalls
    /// What all keys of this client begin with, see `namespace`.
    let prefix: KeyPrefix
    private let synchronization: MemberSynchronization?

    /// - Parameters:
    ///   - endpoints: members' client addresses: `https://host:port`, `http://host:port`,
    ///     `host:port`, `unix:path` or `unixs:path` (or with `//` before the path).
    ///   - eventLoopGroup: runs the connections; the process's by default.
    ///   - logger: logs connections that open and fail, at level info and limited to a few lines in
    ///     a minute for each endpoint, and repeated calls at level debug; nil logs nothing. Keys,
    ///     values, tokens and passwords are never logged.
    /// - Throws: `invalidConfiguration` for an endpoint or a certificate that cannot be used.
    public init(
        endpoints: [String], configuration: Configuration = Configuration(),
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger? = nil
    ) throws(EtcdClientError) {
        let pool = try ConnectionPool(
            endpoints: try Endpoint.list(endpoints), configuration: configuration,
            group: eventLoopGroup, logger: logger)
        let calls = ClusterCalls(pool: pool, configuration: configuration, logger: logger)
        cluster = calls
        prefix = KeyPrefix()
        synchronization = configuration.memberSynchronizationInterval.map {
            MemberSynchronization(interval: $0, cluster: calls, logger: logger)
        }
    }

    private init(cluster: ClusterCalls, prefix: KeyPrefix) {
        self.cluster = cluster
        self.prefix = prefix
        synchronization = nil
    }

    /// Serves calls until its task is cancelled, then ends the open ones with `clientClosed` and
    /// closes all connections. Call it once.
    ///
    /// With the package trait `ServiceLifecycle` a client is a `Service`, and this also ends with the
    /// graceful shutdown of its `ServiceGroup`. Services are shut down in the reverse order of their
    /// list: list the client before the services that use it.
    public func run() async {
        precondition(prefix.isEmpty, "run() is called on the client, not on a namespace of it")
        cluster.pool.start()
        await untilStopped { [synchronization] in
            if let synchronization { return await synchronization.run() }
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }
        await cluster.pool.close()
    }

    /// This client for the keys that begin with a prefix, which its requests and responses do not
    /// contain: locks, elections and transactions included. It has no `run()` of its own.
    public func namespace(_ prefix: some EtcdBytes) -> EtcdClient {
        EtcdClient(
            cluster: cluster, prefix: KeyPrefix(self.prefix.bytes + prefix.etcdBytes))
    }

    /// The endpoints that calls use now.
    public var endpoints: [String] { cluster.pool.endpoints.map(\.text) }
}

extension EtcdClient {
    /// Makes a client for the time of `body`.
    ///
    /// - Throws: `invalidConfiguration`, and the errors of `body`.
    @discardableResult
    public static func withClient<Result: Sendable>(
        endpoints: [String], configuration: Configuration = Configuration(),
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (EtcdClient) async throws -> Result
    ) async throws -> Result {
        let client = try EtcdClient(
            endpoints: endpoints, configuration: configuration, eventLoopGroup: eventLoopGroup,
            logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            return try await body(client)
        }
    }
}
