import Disk
import EtcdAPI
import Membership
import SwiftProtobuf

/// Members of two versions: the operator takes the cluster back to the former version and forward
/// again, one member after the other, and the leader decides what the cluster agrees on.
extension Simulation {
    static let newVersion = SemanticVersion(3, 7)
    static let formerVersion = SemanticVersion(3, 6)

    /// The operator begins a downgrade, gives it up, or begins the way back.
    func turnVersions() {
        guard let informed, let leader = leadingMember else { return }
        let membership = informed.state.membership
        if membership.downgrade.isEnabled {
            if faultDice.happens(300_000) { propose(downgradeTo: nil, leader) }
        } else if membership.version == Self.newVersion,
            present(membership).allSatisfy({ $0.version == Self.newVersion })
        {
            propose(downgradeTo: Self.formerVersion, leader)
        } else {
            administration.isUpgrading = true
        }
    }

    /// What leader and operator do every now and then about versions.
    func watchVersions() {
        schedule(.watchVersions, after: clientDice.duration(500 * .millisecond...4 * .second))
        guard let leader = leadingMember, let informed else { return }
        decideVersion(leader)
        moveOneHost(informed.state.membership)
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
        let proposal = leader.admission.wrap(field: field, payload: payload)
        leader.post(.ownAsLeader(term: leader.leadingTerm, proposal))
    }

    /// Members are stopped and started with the other version, one at a time: back once the cluster
    /// has agreed on it, forward at any time.
    private func moveOneHost(_ membership: ClusterMembership) {
        guard isStormy else { return }
        let isGoingBack =
            membership.downgrade.isEnabled && membership.version == Self.formerVersion
        guard isGoingBack || (administration.isUpgrading && !membership.downgrade.isEnabled) else {
            return
        }
        let wanted = isGoingBack ? Self.formerVersion : Self.newVersion
        let others = present(membership).filter { $0.version != wanted }
        guard let host = others.first(where: { $0.state == .up }) else {
            if others.isEmpty { administration.isUpgrading = false }
            return
        }
        crash(host, losesPower: false, reason: "it goes to version \(wanted.majorMinor)")
        host.version = wanted
        report.count(.versionsChanged)
    }

    /// A member serves no cluster of a later version than its own: the operator takes the later
    /// program again then.
    func chooseProgram(for host: Host, _ parts: MemberParts) {
        guard let agreed = parts.state.membership.version, agreed > host.version else { return }
        report.count(.programsTooOld)
        host.version = Self.newVersion
    }

    /// The cluster has agreed on another version.
    func noteVersion(_ version: SemanticVersion, previous: SemanticVersion?) {
        guard let previous else { return }
        if version < previous { report.count(.versionsLowered) }
        if version > previous, previous > VersionDecision.placeholder {
            report.count(.versionsRaised)
        }
    }

    /// The member that leads; of several that believe so, the one of the latest term.
    var leadingMember: SimulatedMember? {
        hosts.lazy.compactMap(\.member).filter { $0.standing.role == .leader }
            .max { $0.standing.term < $1.standing.term }
    }
}
