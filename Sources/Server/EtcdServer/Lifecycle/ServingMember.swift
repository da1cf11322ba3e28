import MonotonicClock
import Telemetry
import ServerLogging
import Prometheus
import Configuration
import Credentials
import Bootstrap
import GRPCServices
import Disk
import HTTPServices
import Identifiers
import NIOPosix
import PeerTransport
import MemberRuntime
import Stages

/// The parts of a member from its queues up to its services, built in dependency order. Its threads
/// run; no listener is open yet.
struct ServingMember {
    let transport: PeerTransport
    let messageReceiver: PeerMessageReceiver
    let peerCalls: PeerCalls
    let runtime: MemberRuntime
    let services: ServiceTable

    /// Logger, metrics, disk, event loops and callbacks of a member.
    struct Context {
        let logger: ServerLogger
        let registry: MetricRegistry
        /// Holds the files of the member.
        let disk: any Disk
        /// The event loops of client connections, and of requests to other members.
        let group: MultiThreadedEventLoopGroup
        /// The event loops of peer connections.
        let peerLoops: PeerLoops
        /// How connections to other members are opened.
        var dialing = PeerDialing()
        /// Request IDs start here; they differ between runs of a member.
        let firstRequestID: UInt64
        /// Makes the holder of tokens. `appliedIndex`: of this member.
        let makeTokens: (_ appliedIndex: @escaping @Sendable () -> LogIndex) -> any TokenProvider
        var onReceivedDatabase: @Sendable (ReceivedDatabase.Finding) -> Void = { _ in }
        /// Called when the cluster has removed the member.
        var onRemoval: @Sendable () -> Void = {}
        /// Called when the member has stopped, since continuing could give wrong responses.
        var onFailure: @Sendable (String) -> Void = { _ in }
    }

    /// - Throws: if the initial corruption check is enabled and finds a mismatch.
    init(
        _ member: StartingMember, _ configuration: ServerConfiguration, in context: Context
    ) async throws {
        let (logger, registry) = (context.logger, context.registry)
        let (localID, state) = (member.localID, member.parts.state)
        let memberConfiguration = MemberConfiguration(configuration, member)
        let status = PublishedStatus(
            id: localID, state: state, configuration: memberConfiguration,
            now: .now())
        let admission = Admission(
            configuration: memberConfiguration, status: status, quota: state.configuration.quota,
            store: state.store, firstRequestID: context.firstRequestID)
        let queues = MemberQueues(admission: admission)
        let roster = PeerRoster(onRemoval: context.onRemoval)
        messageReceiver = PeerMessageReceiver(
            queues: queues, snapshots: member.parts.snapshots, disk: context.disk,
            observation: PeerObservation(localID: localID, logger: logger), roster: roster,
            onReceivedDatabase: context.onReceivedDatabase)
        let peerMetrics = PeerMetrics(localID: localID, registry: registry)
        var transportConfiguration = PeerTransportConfiguration(configuration, member)
        transportConfiguration.dialing = context.dialing
        transportConfiguration.measurements = peerMetrics.measurements
        transport = PeerTransport(
            configuration: transportConfiguration, delegate: messageReceiver,
            loops: context.peerLoops)
        peerMetrics.watch(transport)
        let memberTransport = MemberTransport(
            transport: transport, roster: roster, status: status,
            observation: MembershipObservation(
                localID: localID, clusterID: member.clusterID, logger: logger))
        memberTransport.membershipChanged(state.membership)
        for remote in member.remotes where remote.id != localID {
            transport.addRemote(remote.id, urls: remote.peerURLs)
        }
        peerCalls = PeerCalls(
            clusterID: member.clusterID, transport: transport, group: context.group,
            dialing: context.dialing,
            timeout: TimeSpan(configuration.requestTimeout), logger: logger)
        if configuration.featureGates.isEnabled(.initialCorruptCheck) {
            try await InitialCorruptionCheck(state: state, calls: peerCalls, logger: logger).run()
        }
        let tokens = context.makeTokens { status.applied }
        tokens.authentication(isEnabled: state.auth.isEnabled)
        runtime = MemberRuntime(
            member.parts, configuration: memberConfiguration, status: status, admission: admission,
            queues: queues, transport: memberTransport,
            observer: RuntimeObservation(
                memberID: localID, clusterID: member.clusterID, database: state.bolt,
                registry: registry, logger: logger, tokens: tokens,
                warningApplyDuration: configuration.warningApplyDuration,
                onFailure: context.onFailure))
        services = ServiceTable(
            runtime: runtime,
            configuration: ServiceConfiguration(configuration, member, peers: peerCalls),
            tokens: tokens, passwords: PasswordHashing(configuration, logger: logger),
            observe: { logger.log($0) })
    }
}
