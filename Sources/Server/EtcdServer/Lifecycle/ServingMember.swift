import ClientAPI
import Disk
import Gateway
import Membership
import NIOPosix
import PeerTransport
import Raft
import ReplicaRuntime
import Stages

/// The parts of a member from its queues up to its services, built once and downwards: what is
/// built later knows what was built before. Its threads run; nothing listens yet.
struct ServingMember {
    let transport: PeerTransport
    let links: MemberLinks
    let peerCalls: PeerCalls
    let runtime: ReplicaRuntime
    let services: ClientAPI

    /// Logger, metrics, event loops and callbacks that a member is given.
    struct Surroundings {
        let logger: ServerLogger
        let registry: MetricRegistry
        /// The event loops of clients, and of calls to other members.
        let group: MultiThreadedEventLoopGroup
        /// The event loop of the connections between members.
        let peerGroup: MultiThreadedEventLoopGroup
        /// No two runs of a member number their requests alike.
        let firstRequestID: UInt64
        var onReceivedDatabase: @Sendable (ReceivedDatabase.Finding) -> Void = { _ in }
        /// The cluster has removed the member.
        var onRemoval: @Sendable () -> Void = {}
        /// The member has stopped, since going on could answer wrongly.
        var onFailure: @Sendable (String) -> Void = { _ in }
    }

    /// - Throws: where the initial corruption check is asked for and finds something.
    init(
        _ member: StartingMember, _ configuration: ServerConfiguration, in place: Surroundings
    ) async throws {
        let (logger, registry) = (place.logger, place.registry)
        let (localID, state) = (member.localID, member.parts.state)
        let id = Raft.MemberID(localID.rawValue)
        let settings = MemberSettings(configuration, member)
        let status = PublishedStatus(
            id: id, state: state, settings: settings, now: monotonicMilliseconds())
        let admission = Admission(
            settings: settings, status: status, quota: state.settings.quota,
            firstRequestID: place.firstRequestID)
        let queues = MemberQueues(admission: admission)
        let roster = PeerRoster(onRemoval: place.onRemoval)
        links = MemberLinks(
            queues: queues, snapshots: member.parts.snapshots, disk: RealDisk(),
            observation: PeerObservation(localID: id, logger: logger), roster: roster,
            onReceivedDatabase: place.onReceivedDatabase)
        let peerMetrics = PeerMetrics(localID: id, registry: registry)
        var peerSettings = PeerTransportSettings(configuration, member)
        peerSettings.measurements = peerMetrics.measurements
        transport = PeerTransport(settings: peerSettings, owner: links, group: place.peerGroup)
        peerMetrics.watch(transport)
        let carrier = MemberCarrier(
            transport: transport, roster: roster, status: status,
            observation: MembershipObservation(
                localID: localID, clusterID: member.clusterID, logger: logger))
        carrier.membershipChanged(state.membership)
        for remote in member.remotes where remote.id != localID {
            transport.addRemote(Raft.MemberID(remote.id.rawValue), urls: remote.peerURLs)
        }
        peerCalls = PeerCalls(
            clusterID: member.clusterID, transport: transport, group: place.group,
            timeoutMilliseconds: configuration.requestTimeout.milliseconds, logger: logger)
        if configuration.featureGates.isEnabled(.initialCorruptCheck) {
            try await InitialCorruptionCheck(state: state, calls: peerCalls, logger: logger).run()
        }
        runtime = ReplicaRuntime(
            member.parts, settings: settings, status: status, admission: admission,
            queues: queues, carrier: carrier,
            observer: RuntimeObservation(
                memberID: id, clusterID: member.clusterID.rawValue, database: state.bolt,
                registry: registry, logger: logger,
                warningApplyDuration: configuration.warningApplyDuration,
                onFailure: place.onFailure))
        services = ClientAPI(
            runtime: runtime,
            settings: ServiceSettings(configuration, member, others: peerCalls),
            observe: { logger.note($0) })
    }
}
