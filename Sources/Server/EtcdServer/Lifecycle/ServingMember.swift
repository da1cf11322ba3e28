import MonotonicClock
import Telemetry
package import ServerLogging
import Prometheus
package import Configuration
package import Credentials
package import Bootstrap
package import GRPCServices
package import Disk
import HTTPServices
package import Identifiers
package import NIOPosix
package import PeerTransport
package import MemberRuntime
import Stages

/// The parts of a member from its queues up to its services, built in dependency order. Its threads
/// run; no listener is open yet.
package struct ServingMember: Sendable {
    package let transport: PeerTransport
    let messageReceiver: PeerMessageReceiver
    let peerCalls: PeerCalls
    package let runtime: MemberRuntime
    package let services: ServiceTable

    /// Logger, metrics, disk, event loops and callbacks of a member.
    package struct Context {
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
        /// The traced proposals; nil if nothing is traced.
        var proposalTimes: ProposalTimes?
        var onReceivedDatabase: @Sendable (ReceivedDatabase.Finding) -> Void = { _ in }
        /// Called when the cluster has removed the member.
        var onRemoval: @Sendable () -> Void = {}
        /// Called when the member has stopped, since continuing could give wrong responses.
        var onFailure: @Sendable (String) -> Void = { _ in }
    }

    /// - Throws: if the initial corruption check is enabled and finds a mismatch.
    package init(
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
            store: state.store, firstRequestID: context.firstRequestID,
            alarms: state.alarms)
        let queues = MemberQueues(admission: admission)
        let roster = PeerRoster(onRemoval: context.onRemoval)
        let peerMetrics = PeerMetrics(localID: localID, registry: registry)
        messageReceiver = PeerMessageReceiver(
            queues: queues, snapshots: member.parts.snapshots, disk: context.disk,
            observation: PeerObservation(localID: localID, logger: logger), roster: roster,
            metrics: peerMetrics,
            onReceivedDatabase: context.onReceivedDatabase)
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
            timeout: TimeSpan(configuration.requestTimeout), logger: logger,
            leaderRequests: LeaderRequests(dialing: context.dialing))
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
                proposalTimes: context.proposalTimes,
                onFailure: context.onFailure))
        services = ServiceTable(
            runtime: runtime,
            configuration: ServiceConfiguration(configuration, member, peers: peerCalls),
            tokens: tokens, passwords: PasswordHashing(configuration, logger: logger),
            observe: { logger.log($0) })
    }
}

extension ServingMember.Context {
    /// The parts of a member that has no other members and logs nothing by itself.
    package init(
        logger: ServerLogger, disk: any Disk, group: MultiThreadedEventLoopGroup,
        peerLoops: PeerLoops, firstRequestID: UInt64,
        onFailure: @escaping @Sendable (String) -> Void,
        makeTokens:
            @escaping (_ appliedIndex: @escaping @Sendable () -> LogIndex)
            -> any TokenProvider
    ) {
        self.init(
            logger: logger, registry: MetricRegistry(), disk: disk, group: group,
            peerLoops: peerLoops, firstRequestID: firstRequestID, makeTokens: makeTokens,
            onFailure: onFailure)
    }
}
