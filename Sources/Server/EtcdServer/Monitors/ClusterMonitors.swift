import Identifiers
import MonotonicClock
import Telemetry
import ServerLogging
import GRPCServices
import EtcdAPI
import Membership
import MemberRuntime
import StateMachine
import SwiftProtobuf

/// Background work on the cluster's version and on downgrades.
///
/// Only the leader acts; the other members poll whether they have become the leader.
struct ClusterMonitors: Sendable {
    let runtime: MemberRuntime
    let calls: PeerCalls
    let logger: ServerLogger
    let downgradeInterval: Duration
    /// Whether the operator gives up the downgrade to an etcd before 3.6
    /// (docs/internals/decisions/0002).
    let isRaiseWanted: Bool

    /// The environment variable that sets `isRaiseWanted` when it is `true`.
    static let raiseVariable = "SWIFT_ETCD_RAISE_CLUSTER_VERSION"

    /// etcd's four seconds.
    private static let versionInterval = TimeSpan.seconds(4)
    /// How often a member checks whether it leads. The first leader of a cluster must start soon:
    /// members that join right after the bootstrap need the cluster version.
    private static let pollInterval = Duration.milliseconds(100)
    private static let firstPollInterval = Duration.milliseconds(5)

    /// Runs until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await decideVersions() }
            group.addTask { await endDowngrades() }
        }
    }

    private func decideVersions() async {
        var term: Term?
        var next = MonotonicTime.zero
        var interval = Self.firstPollInterval
        var held: SemanticVersion?
        while (try? await Task.sleep(for: interval)) != nil {
            let status = runtime.replicaStatus
            let now = MonotonicTime.now()
            if status.leader != nil, !status.isLeader { interval = Self.pollInterval }
            guard status.isLeader, now >= next || status.term != term else { continue }
            if status.term != term { held = nil }
            term = status.term
            next = now + Self.versionInterval
            interval = Self.pollInterval
            do throws(EtcdError) {
                try await decideVersion(&held)
            } catch {
                guard error != .stopped else { return }
                logger.warn("failed to update cluster version", ["error": .string(error.message)])
            }
        }
    }

    /// - Parameter held: the held version that was logged in this term.
    private func decideVersion(_ held: inout SemanticVersion?) async throws(EtcdError) {
        let membership = try await runtime.readState { $0.membership }
        let decision = await decision(on: membership)
        let nowHeld = decision.isHeld ? membership.version : nil
        if let nowHeld, nowHeld != held { logHeld(nowHeld) }
        held = nowHeld
        let next: SemanticVersion?
        do throws(VersionDecision.InvalidDowngrade) {
            next = try decision.next()
        } catch {
            return logger.error(
                "Failed to monitor cluster version", ["error": "invalid downgrade target"])
        }
        guard let next else { return }
        if let current = membership.version {
            logger.info(
                "updating cluster version using v3 API",
                ["from": .string(current.majorMinor), "to": .string(next.majorMinor)])
        } else {
            logger.info(
                "setting up initial cluster version using v3 API",
                ["cluster-version": .string(next.majorMinor)])
        }
        var request = Membershippb_ClusterVersionSetRequest()
        request.ver = next.description
        try await propose(
            "ClusterVersionSet", InternalRaftRequest.Field.clusterVersionSet, request)
        logger.info("cluster version is updated", ["cluster-version": .string(next.majorMinor)])
    }

    private func logHeld(_ version: SemanticVersion) {
        logger.warn(
            "cluster version is held so that the former etcd can come back; to raise it, restart "
                + "every member with \(Self.raiseVariable)=true in its environment",
            [
                "cluster-version": .string(version.majorMinor),
                "server-version": .string(compatibleVersion.majorMinor),
            ])
    }

    private func decision(on membership: ClusterMembership) async -> VersionDecision {
        VersionDecision(
            current: membership.version, downgrade: membership.downgrade,
            members: await calls.versions(of: membership), isRaiseWanted: isRaiseWanted)
    }

    /// A downgrade job is complete once every member runs the target version.
    private func endDowngrades() async {
        guard downgradeInterval > .zero else { return }
        let task = LeaderTask(
            runtime: runtime, logger: logger, failure: "failed to cancel downgrade")
        await task.run(every: downgradeInterval) { () async throws(EtcdError) in
            try await endDowngrade()
        }
    }

    private func endDowngrade() async throws(EtcdError) {
        let membership = try await runtime.readState { $0.membership }
        guard membership.downgrade.isEnabled,
            let target = SemanticVersion(membership.downgrade.targetVersion),
            await decision(on: membership).haveAllReached(target)
        else { return }
        logger.info(
            "the cluster has been downgraded",
            ["cluster-version": .string(membership.downgrade.targetVersion)])
        try await propose(
            "DowngradeInfoSet", InternalRaftRequest.Field.downgradeInfoSet,
            Membershippb_DowngradeInfoSetRequest())
    }

    private func propose(
        _ kind: String, _ field: UInt32, _ request: some SwiftProtobuf.Message
    ) async throws(EtcdError) {
        guard let payload: [UInt8] = try? request.serializedBytes() else { return }
        try await runtime.proposeOwn(kind, field: field, payload: payload)
    }
}
