import ClientAPI
import CoreMetrics
import Disk
import EtcdAPI
import GRPC
import Gateway
import Glibc
import HTTP2
import Membership
import NIOCore
import NIOPosix
import Raft
import ReplicaRuntime

/// One running member with its listeners: started, served, stopped.
package final class Server: Sendable {
    let configuration: ServerConfiguration
    let logger: ServerLogger
    let runtime: ReplicaRuntime
    let services: ClientAPI
    let group: MultiThreadedEventLoopGroup
    let calls: GRPCServer
    let gateway: HTTPGateway
    let localID: Membership.MemberID
    let clusterID: ClusterID

    /// Reads or founds the member and starts its threads; nothing listens yet.
    package init(_ configuration: ServerConfiguration, logger: ServerLogger) throws {
        self.configuration = configuration
        self.logger = logger
        let startedAt = unixMilliseconds()
        let bootstrap = MemberBootstrap(
            configuration, disk: RealDisk(), logger: logger, startUnixMilliseconds: startedAt)
        let member = try bootstrap.run()
        localID = member.localID
        clusterID = member.clusterID
        let registry = MetricRegistry(isExtensive: configuration.usesExtensiveMetrics)
        Self.start(registry, configuration)
        let observation = RuntimeObservation(
            memberID: Raft.MemberID(localID.rawValue), registry: registry, logger: logger,
            warningApplyDuration: configuration.warningApplyDuration,
            onFailure: { reason in
                logger.fatal("stopping, to answer nothing wrong", ["error": .string(reason)])
            })
        runtime = ReplicaRuntime(
            parts: member.parts, configuration: RuntimeConfiguration(configuration),
            observer: observation, firstRequestID: bootstrap.requestNumber(localID))
        services = ClientAPI(
            runtime: runtime,
            settings: ServiceSettings(configuration, member), observe: { logger.note($0) })
        group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        calls = GRPCServer(
            methods: services.methods,
            configuration: GRPCServerConfiguration(configuration, services, logger: logger),
            group: group)
        let scrape = RuntimeScrape(runtime: runtime, server: calls, registry: registry)
        gateway = HTTPGateway(
            source: RuntimeHealthSource(runtime: runtime), registry: registry,
            settings: GatewaySettings(configuration), beforeScrape: { scrape.refresh(on: $0) },
            observe: { event in logger.note(event) })
        observation.attach(to: runtime)
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

    /// Serves until told to stop, then ends in order.
    ///
    /// - Returns: the signal that ended it.
    package func run(_ signals: SignalWait) async throws -> Int32 {
        let listeners = Listeners(self)
        try await listeners.open()
        let publication = Task { await publish() }
        let compactor = Task { await AutoCompactor(self)?.run() }
        let signal = await signals.next()
        logger.info("received signal; shutting down", ["signal": .string(SignalWait.name(signal))])
        publication.cancel()
        compactor.cancel()
        SystemNotify.send("STOPPING=1")
        await listeners.close()
        runtime.stop()
        try? await group.shutdownGracefully()
        logger.info(
            "closed etcd server",
            [
                "name": .string(configuration.name),
                "data-dir": .string(configuration.effectiveDataDirectory),
            ])
        return signal
    }
}

/// Milliseconds since 1970.
func unixMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
