import ClientAPI
import CoreMetrics
import Disk
import EtcdAPI
import GRPC
import Gateway
import Glibc
import Membership
import NIOCore
import NIOPosix
import PeerTransport
import ReplicaRuntime

/// One running member with its listeners: started, served, stopped.
package final class Server: Sendable {
    let configuration: ServerConfiguration
    let logger: ServerLogger
    let transport: PeerTransport
    let runtime: ReplicaRuntime
    let services: ClientAPI
    let peerCalls: PeerCalls
    let peerEndpoints: PeerEndpoints
    /// The event loops of clients.
    let group: MultiThreadedEventLoopGroup
    /// The event loop of the other members: no load of clients makes a heartbeat late, and no
    /// member that catches up makes a client wait.
    let peerGroup: MultiThreadedEventLoopGroup
    let calls: GRPCServer
    let gateway: HTTPGateway
    private let signals: SignalWait
    let localID: Membership.MemberID
    let clusterID: ClusterID

    /// Reads or founds the member and starts its threads; nothing listens yet.
    ///
    /// - Parameter signals: told when the cluster has removed the member, which ends it.
    package init(
        _ configuration: ServerConfiguration, logger: ServerLogger, signals: SignalWait
    ) async throws {
        self.signals = signals
        self.configuration = configuration
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        peerGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        _ = try AuthTokenOptions(configuration.authToken, logger: logger)
        DirectoryPermissions.check(DataDirectory(configuration), logger: logger)
        let bootstrap = MemberBootstrap(
            configuration, disk: RealDisk(), logger: logger,
            startUnixMilliseconds: unixMilliseconds(), peers: PeerEnquiry(group: group))
        let member = try await bootstrap.run()
        localID = member.localID
        clusterID = member.clusterID
        let registry = MetricRegistry(isExtensive: configuration.usesExtensiveMetrics)
        Self.start(registry, configuration)
        let serving = try await ServingMember(
            member, configuration,
            in: ServingMember.Surroundings(
                logger: logger, registry: registry, group: group, peerGroup: peerGroup,
                firstRequestID: bootstrap.requestNumber(localID),
                onReceivedDatabase: { logger.note($0) }, onRemoval: { signals.giveUp() },
                onFailure: { reason in
                    logger.fatal("stopping, to answer nothing wrong", ["error": .string(reason)])
                }))
        transport = serving.transport
        peerCalls = serving.peerCalls
        runtime = serving.runtime
        services = serving.services
        peerEndpoints = PeerEndpoints(services: services, logger: logger)
        calls = GRPCServer(
            methods: services.methods,
            configuration: GRPCServerConfiguration(configuration, services, logger: logger),
            group: group)
        let scrape = RuntimeScrape(runtime: runtime, server: calls, registry: registry)
        gateway = HTTPGateway(
            source: RuntimeHealthSource(runtime: runtime), registry: registry,
            settings: GatewaySettings(configuration), beforeScrape: { scrape.refresh(on: $0) },
            observe: { event in logger.note(event) })
        tellStart(isNew: member.isNew)
    }

    private static func start(_ registry: MetricRegistry, _ configuration: ServerConfiguration) {
        registry.setStartupFacts(
            version: EtcdVersion.compatible, toolchain: "swift6.3",
            quotaBytes: configuration.effectiveQuotaBytes,
            featureGates: FeatureGate.allCases.map { gate in
                (gate.rawValue, gate.stage.rawValue, configuration.featureGates.isEnabled(gate))
            })
        ProcessCollector.attach(to: registry)
        MetricsSystem.bootstrap(RegistryMetricsFactory(registry: registry))
    }

    /// Why the server has ended.
    package enum End: Sendable {
        case signal(Int32)
        /// The cluster has removed the member; `hasServed` says whether clients had been let in.
        case removal(hasServed: Bool)
    }

    /// Serves until told to stop, then ends in order.
    package func run() async throws -> End {
        let listeners = Listeners(self)
        try await listeners.open()
        let publication = Task { await join(listeners) }
        let compactor = Task { await AutoCompactor(self)?.run() }
        let monitors = Task { await monitorCluster() }
        let start = Task { await advanceElection() }
        let signal = await tellEnd(signals.next())
        publication.cancel()
        compactor.cancel()
        monitors.cancel()
        start.cancel()
        SystemNotify.send("STOPPING=1")
        await handLeadershipOver()
        await listeners.close()
        try? await transport.stop().get()
        runtime.stop()
        try? await peerGroup.shutdownGracefully()
        try? await group.shutdownGracefully()
        logger.info(
            "closed etcd server",
            [
                "name": .string(configuration.name),
                "data-dir": .string(configuration.effectiveDataDirectory),
            ])
        return signal.map { .signal($0) } ?? .removal(hasServed: listeners.servesClients)
    }
}

/// Milliseconds since 1970.
func unixMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
