import EtcdClient
import GRPC
import Glibc
import HTTPServices
import MonotonicClock
import NIOCore
import NIOPosix
import PeerTransport
import Prometheus
package import ServerLogging
import Telemetry

/// `etcd grpc-proxy start`: serves etcd's API from the members behind it.
///
/// All of it runs on one event loop: the connections of clients, those to members, the stored ranges
/// and the shared watches. So nothing here needs a lock, and a call changes no thread.
package final class GRPCProxy: Sendable {
    private let configuration: ProxyConfiguration
    private let logger: ServerLogger
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    package init(_ configuration: ProxyConfiguration, logger: ServerLogger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Serves until the process ends.
    ///
    /// - Parameters:
    ///   - connectionsMax: connections of clients that may be open at once.
    ///   - onReady: called once when the proxy serves.
    package func run(connectionsMax: Int, onReady: () -> Void) async throws -> Never {
        signal(SIGPIPE, SIG_IGN)
        let address = try ListenURL(address: configuration.listenAddress)
        let security = try ProxySecurity(configuration, host: address.host, logger: logger)
        let listeners = ProxyListeners(
            group: group, connectionsMax: connectionsMax, logger: logger)
        let clients = try await listeners.bind(
            address, tls: security.listening, isForClients: true)
        logger.info(
            "listening for gRPC proxy client requests",
            ["address": .string(configuration.listenAddress)])
        let client = try await makeClient()
        let upstream = upstream(client)
        let advertised = try makeAdvertisedClient()
        Task.detached { await client.run() }
        if let advertised { Task.detached { await advertised.run() } }
        if configuration.ordersSerializableReads { await readOnce(client) }

        let parts = ProxyParts(configuration, upstream, logger)
        let server = GRPCServer(
            methods: configuration.logsCalls
                ? ProxyCallLog(logger: logger).observing(parts.methods) : parts.methods,
            configuration: GRPCServerConfiguration(configuration),
            group: group)
        let service = httpService(
            parts, server, security, client, advertised.map(self.upstream), upstream)
        let metrics = try await bindMetrics(listeners, security)
        if let metrics { await listeners.serve(metrics, service, server, isForClients: false) }
        await listeners.serve(clients, service, server, isForClients: true)
        register(parts, client, upstream)
        if let leasing = parts.leasing { Task.detached { await leasing.run() } }
        logger.info("started gRPC proxy", ["address": .string(configuration.listenAddress)])
        logger.info("notifying init daemon")
        onReady()
        logger.info("successfully notified init daemon")
        if metrics != nil { logger.info("gRPC proxy server metrics URL serving") }
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    // MARK: - Clients

    private func makeClient() async throws -> EtcdClient {
        var endpoints = configuration.endpoints
        let discovery = configuration.discovery
        if !discovery.domain.isEmpty {
            endpoints = try await EtcdClient.discoverEndpoints(
                domain: discovery.domain, serviceName: discovery.serviceName,
                allowsPlaintext: discovery.allowsPlaintext)
        }
        guard !endpoints.isEmpty else {
            throw ProxyStartError("etcdclient: no available endpoints")
        }
        return try EtcdClient(
            endpoints: endpoints, configuration: EtcdClient.Configuration(configuration),
            eventLoopGroup: group, logger: logger.swiftLogger(label: "client"))
    }

    /// The client of this proxy itself, for `/proxy/health`.
    private func makeAdvertisedClient() throws -> EtcdClient? {
        let url = configuration.advertisedURL
        guard !url.isEmpty else { return nil }
        logger.info("create proxy client", ["grpcProxyAdvertiseClientURL": .string(url)])
        var client = EtcdClient.Configuration(configuration)
        client.memberSynchronizationInterval = nil
        client.security =
            configuration.listening.isServed
            ? EtcdClient.Security(asClientOf: configuration.listening) : nil
        // Without usable URL there is no health of the proxy, as in etcd.
        return try? EtcdClient(endpoints: [url], configuration: client, eventLoopGroup: group)
    }

    private func upstream(_ client: EtcdClient) -> Upstream {
        Upstream(
            client: client, eventLoop: group.any(),
            sendBytesMax: Int(clamping: configuration.limits.sendBytesMax))
    }

    /// Waits for a linearizable read: the revision of later serializable ones is not below it.
    private func readOnce(_ client: EtcdClient) async {
        logger.info("waiting for linearized read from cluster to recover ordering")
        while true {
            do {
                _ = try await client.get("_ordering")
                return
            } catch {
                logger.warn("ordering recovery failed, retrying in 1s", ["error": .error(error)])
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func register(_ parts: ProxyParts, _ client: EtcdClient, _ upstream: Upstream) {
        guard !configuration.resolverPrefix.isEmpty else { return }
        let registration = ProxyRegistration(
            client: configuration.namespace.isEmpty
                ? client : client.namespace(configuration.namespace),
            prefix: configuration.resolverPrefix, ttlSeconds: configuration.resolverTTLSeconds,
            url: configuration.advertisedURL, members: parts.members,
            eventLoop: upstream.eventLoop, logger: logger)
        Task.detached { await registration.run() }
    }

    // MARK: - HTTP

    private func httpService(
        _ parts: ProxyParts, _ server: GRPCServer, _ security: ProxySecurity,
        _ client: EtcdClient, _ proxy: Upstream?, _ upstream: Upstream
    ) -> HTTPService {
        var http = HTTPServiceConfiguration()
        http.servesProfiles = configuration.servesProfiles
        http.commandLine = CommandLine.arguments
        if http.servesProfiles {
            logger.info("gRPC proxy enabled pprof", ["path": "/debug/pprof"])
        }
        let metrics = CallMetrics(server: server, registry: parts.registry)
        return HTTPService(
            pages: ProxyPages(
                health: ProxyHealth(members: upstream, proxy: proxy),
                endpoints: { client.endpoints }, dialing: PeerDialing(tls: security.dialing),
                isEncrypted: configuration.dialing.isGiven, logger: logger),
            registry: parts.registry, configuration: http,
            beforeScrape: { metrics.refresh(on: $0) })
    }

    private func bindMetrics(
        _ listeners: ProxyListeners, _ security: ProxySecurity
    ) async throws -> (any Channel, ServedConnections)? {
        guard !configuration.metricsAddress.isEmpty else { return nil }
        let url = try ListenURL(url: configuration.metricsAddress)
        let bound = try await listeners.bind(
            url, tls: url.isEncrypted ? security.listening : nil, isForClients: false)
        logger.info(
            "gRPC proxy listening for metrics", ["address": .string(configuration.metricsAddress)])
        return bound
    }
}

/// The services of a proxy, and its metrics.
struct ProxyParts: Sendable {
    let registry = MetricRegistry(catalog: MetricCatalog.all + ProxyMetrics.catalog)
    let members: MemberListProxy
    /// nil without `--experimental-leasing-prefix`.
    let leasing: LeasedKeys?
    let methods: [GRPCMethod]

    init(_ configuration: ProxyConfiguration, _ upstream: Upstream, _ logger: ServerLogger) {
        ProcessCollector.attach(to: registry)
        let metrics = ProxyMetrics(registry: registry)
        let namespace = Namespace(configuration.namespace)
        leasing =
            configuration.leasingPrefix.isEmpty
            ? nil
            : LeasedKeys(
                upstream: upstream, namespace: namespace, prefix: configuration.leasingPrefix,
                logger: logger)
        let ranges = KeyValueProxy(
            upstream: upstream, namespace: namespace, metrics: metrics,
            ordersReads: configuration.ordersSerializableReads, leasing: leasing)
        let leases = LeaseProxy(upstream: upstream, namespace: namespace)
        members = MemberListProxy(upstream: upstream, advertising: configuration.advertisedURL)
        methods =
            ranges.methods
            + WatchTable(
                upstream: upstream, namespace: namespace, metrics: metrics, logger: logger
            ).methods
            + leases.methods + members.methods
            + RelayedMethods(upstream: upstream, ranges: ranges, leases: leases).methods
    }
}

extension ProxyConfiguration.ListeningSecurity {
    /// Whether clients connect with TLS.
    var isServed: Bool { isAutomatic || !certificateFile.isEmpty || !keyFile.isEmpty }
}
