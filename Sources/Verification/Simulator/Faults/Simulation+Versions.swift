import Disk
import EtcdAPI
import Membership
import SwiftProtobuf

/// Members of two versions: the operator downgrades the cluster to the former version and upgrades
/// it again, one member at a time, and the leader decides the cluster version.
extension Simulation {
    static let newVersion = SemanticVersion(3, 7)
    static let formerVersion = SemanticVersion(3, 6)

    /// The operator begins a downgrade, cancels it, or begins the upgrade.
    func changeVersions() {
        guard let mostApplied, let leader = leadingMember else { return }
        let membership = mostApplied.state.membership
        if membership.downgrade.isEnabled {
            if faultRandom.happens(300_000) { propose(downgradeTo: nil, leader) }
        } else if membership.version == Self.newVersion,
            present(membership).allSatisfy({ $0.version == Self.newVersion })
        {
            propose(downgradeTo: Self.formerVersion, leader)
        } else {
            administration.isUpgrading = true
        }
    }

    /// Periodic checks of the versions by leader and operator.
    func checkVersions() {
        schedule(.checkVersions, after: clientRandom.duration(500 * .millisecond...4 * .second))
        guard let leader = leadingMember, let mostApplied else { return }
        decideVersion(leader)
        restartOneHost(mostApplied.state.membership)
    }

    private func present(_ membership: ClusterMembership) -> [Host] {
        hosts(of: membership.members)
    }

    private func decideVersion(_ leader: SimulatedMember) {
        let membership = leader.state.membership
        let versions = present(membership).map { host in
            host.state == .up
                ? VersionDecision.MemberVersion(server: host.version, isOwn: true) : nil
        }
        let decision = VersionDecision(
            current: membership.version, downgrade: membership.downgrade, members: versions,
            isRaiseWanted: true)
        if membership.downgrade.isEnabled,
            let target = SemanticVersion(membership.downgrade.targetVersion),
            decision.haveAllReached(target)
        {
            return propose(downgradeTo: nil, leader)
        }
        guard let next = try? decision.next() else { return }
        var request = Membershippb_ClusterVersionSetRequest()
        request.ver = next.description
        propose(InternalRaftRequest.Field.clusterVersionSet, request, leader)
    }

    private func propose(downgradeTo target: SemanticVersion?, _ leader: SimulatedMember) {
        var request = Membershippb_DowngradeInfoSetRequest()
        if let target { (request.enabled, request.ver) = (true, target.description) }
        report.count(target == nil ? .downgradesEnded : .downgrades)
        propose(InternalRaftRequest.Field.downgradeInfoSet, request, leader)
    }

    private func propose(
        _ field: UInt32, _ request: some SwiftProtobuf.Message, _ leader: SimulatedMember
    ) {
        guard let payload: [UInt8] = try? request.serializedBytes() else { return }
        let proposal = leader.admission.wrap(field: field, payload: payload, by: .server)
        leader.post(.ownAsLeader(term: leader.leadingTerm, proposal))
    }

    /// Members are restarted with the other version, one at a time: downgraded once the cluster
    /// version is lowered, upgraded at any time.
    private func restartOneHost(_ membership: ClusterMembership) {
        guard isFaultPhase else { return }
        let isDowngrading =
            membership.downgrade.isEnabled && membership.version == Self.formerVersion
        guard isDowngrading || (administration.isUpgrading && !membership.downgrade.isEnabled)
        else { return }
        let wanted = isDowngrading ? Self.formerVersion : Self.newVersion
        let others = present(membership).filter { $0.version != wanted }
        guard let host = others.first(where: { $0.state == .up }) else {
            if others.isEmpty { administration.isUpgrading = false }
            return
        }
        crash(host, losesPower: false, reason: "it goes to version \(wanted.majorMinor)")
        host.version = wanted
        report.count(.versionsChanged)
    }

    /// A member serves no cluster of a later version than its own: the operator then installs the
    /// later version again.
    func chooseVersion(for host: Host, _ restored: RestoredMember) {
        guard let agreed = restored.state.membership.version, agreed > host.version else { return }
        report.count(.versionsTooOld)
        host.version = Self.newVersion
    }

    /// The cluster version has changed.
    func countVersionChange(_ version: SemanticVersion, previous: SemanticVersion?) {
        guard let previous else { return }
        if version < previous { report.count(.versionsLowered) }
        if version > previous, previous > VersionDecision.placeholder {
            report.count(.versionsRaised)
        }
    }

    /// The leader; of several members that believe to lead, the one with the latest term.
    var leadingMember: SimulatedMember? {
        hosts.lazy.compactMap(\.member).filter { $0.summary.role == .leader }
            .max { $0.summary.term < $1.summary.term }
    }
}
