import Identifiers
import Telemetry
package import ServerLogging
import Prometheus
package import Configuration
import Bootstrap
import GRPCServices
import CoreMetrics
import Disk
import EtcdAPI
import GRPC
import HTTPServices
import Glibc
import NIOCore
import NIOPosix
import PeerTransport
import MemberRuntime

/// One running member with its listeners.
package final class Server: Sendable {
    let configuration: ServerConfiguration
    let logger: ServerLogger
    let security: ServerSecurity
    /// Descriptors of the process, and how many connections they allow.
    let limits: DescriptorLimits
    let transport: PeerTransport
    let runtime: MemberRuntime
    let services: ServiceTable
    let peerCalls: PeerCalls
    let peerEndpoints: PeerEndpoints
    /// The event loops of client connections.
    let group: MultiThreadedEventLoopGroup
    /// The event loops of peer connections: client load does not delay heartbeats, and a member that
    /// catches up does not delay clients.
    let peerLoops: PeerLoops
    let grpcServer: GRPCServer
    let httpService: HTTPService
    /// nil: tracing is off.
    private let tracing: MemberTracing?
    private let signals: SignalWait
    let localID: MemberID
    let clusterID: ClusterID

    /// Bootstraps or restarts the member and starts its threads; no listener is open yet.
    ///
    /// - Parameter signals: notified when the cluster has removed the member, which ends it.
    package init(
        _ configuration: ServerConfiguration, logger: ServerLogger, signals: SignalWait
    ) async throws {
        self.signals = signals
        self.configuration = configuration
        self.logger = logger
        limits = DescriptorLimits.raise()
        limits.requireSufficient(logger: logger)
        let disk = RealDisk(
            reserve: DescriptorReserve(count: DescriptorLimits.filesReserveCount))
        group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        peerLoops = PeerLoops(
            separatesHandshakes: configuration.listenPeerURLs.urls.contains { $0.scheme == .https })
        security = try ServerSecurity(configuration, logger: logger)
        let tokens = try AuthTokens(configuration, logger: logger)
        DirectoryPermissions.check(DataDirectory(configuration), logger: logger)
        let bootstrap = MemberBootstrap(
            configuration, disk: disk, logger: logger,
            startUnixMilliseconds: unixMilliseconds(),
            peers: ClusterProbe(group: group, dialing: security.dialing))
        let member = try await bootstrap.run()
        localID = member.localID
        clusterID = member.clusterID
        let loggedIndex = member.parts.replica.lastIndex
        let registry = MetricRegistry(isExtensive: configuration.usesExtensiveMetrics)
        Self.start(registry, configuration)
        tracing = MemberTracing(configuration.tracing, on: group.next(), logger: logger)
        let serving = try await ServingMember(
            member, configuration,
            in: ServingMember.Context(
                logger: logger, registry: registry, disk: disk, group: group,
                peerLoops: peerLoops, dialing: security.dialing,
                firstRequestID: bootstrap.requestNumber(localID),
                makeTokens: { tokens.provider(loggedIndex: loggedIndex, appliedIndex: $0) },
                proposalTimes: tracing?.proposalTimes,
                onReceivedDatabase: { logger.log($0) }, onRemoval: { signals.reportRemoval() },
                onFailure: { reason in
                    logger.fatal("stopping, to avoid wrong responses", ["error": .string(reason)])
                }))
        transport = serving.transport
        peerCalls = serving.peerCalls
        runtime = serving.runtime
        services = serving.services
        peerEndpoints = PeerEndpoints(services: services, logger: logger)
        grpcServer = GRPCServer(
            methods: services.methods,
            configuration: GRPCServerConfiguration(
                configuration, services, logger: logger, tracing: tracing),
            group: group)
        let scrape = RuntimeScrape(runtime: runtime, server: grpcServer, registry: registry)
        httpService = HTTPService(
            source: RuntimeHealthSource(runtime: runtime), registry: registry,
            configuration: HTTPServiceConfiguration(configuration),
            gateway: Self.gateway(configuration, services, grpcServer),
            beforeScrape: { scrape.refresh(on: $0) },
            observe: { event in logger.log(event) })
        logStart(isNew: member.isNew)
    }

    /// With authentication, a certificate of a client would name its user on a gRPC connection.
    private static func gateway(
        _ configuration: ServerConfiguration, _ services: ServiceTable, _ server: GRPCServer
    ) -> JSONGateway? {
        guard configuration.enableGRPCGateway else { return nil }
        let context = services.context
        return JSONGateway(
            server: server,
            refusesCommonNames: {
                context.configuration.usesCommonNames && context.auth != nil
            })
    }

    private static func start(_ registry: MetricRegistry, _ configuration: ServerConfiguration) {
        registry.setStartupMetrics(
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
        /// The cluster has removed the member; `hasServed`: whether clients were accepted before.
        case removal(hasServed: Bool)
    }

    /// Serves until a signal or a removal, then shuts down gracefully.
    package func run() async throws -> End {
        tracing?.start()
        let listeners = Listeners(self)
        try await listeners.open()
        let publication = Task { await join(listeners) }
        let compactor = Task { await AutoCompactor(self)?.run() }
        let monitors = Task { await monitorCluster() }
        let start = Task { await advanceElection() }
        let signal = await logEnd(signals.next())
        publication.cancel()
        compactor.cancel()
        monitors.cancel()
        start.cancel()
        SystemNotify.send("STOPPING=1")
        await transferLeadership()
        await listeners.close()
        try? await transport.stop().get()
        runtime.stop()
        await tracing?.stop()
        await peerLoops.shutdown()
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
