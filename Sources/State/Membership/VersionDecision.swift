/// The leader's decision on the cluster version, by etcd's rules with one exception: a version
/// before 3.6 is held while every member runs this program (docs/internals/decisions/0002).
///
/// A pure function of its inputs; the leader evaluates it every few seconds.
package struct VersionDecision: Sendable {
    /// etcd's minimum cluster version, set while the version of some member is unknown.
    package static let placeholder = SemanticVersion(3, 0)
    /// The first version that `etcdctl downgrade` can return a cluster to.
    package static let firstDowngradeTarget = SemanticVersion(3, 6)

    /// The version that one member reports.
    package struct MemberVersion: Equatable, Sendable {
        package var server: SemanticVersion
        /// Whether it runs this program.
        package var isOwn: Bool

        package init(server: SemanticVersion, isOwn: Bool) {
            self.server = server
            self.isOwn = isOwn
        }
    }

    /// The downgrade job has an invalid target version.
    package struct InvalidDowngrade: Error, Equatable, Sendable {}

    /// The current cluster version; nil before the first decision.
    package var current: SemanticVersion?
    package var downgrade: ClusterMembership.Downgrade
    /// All members including this one; nil for an unreachable member.
    package var members: [MemberVersion?]
    /// Whether the operator permits raising a version before 3.6.
    package var isRaiseWanted: Bool

    package init(
        current: SemanticVersion?, downgrade: ClusterMembership.Downgrade,
        members: [MemberVersion?], isRaiseWanted: Bool
    ) {
        self.current = current
        self.downgrade = downgrade
        self.members = members
        self.isRaiseWanted = isRaiseWanted
    }

    /// The next cluster version; nil to leave it unchanged.
    package func next() throws(InvalidDowngrade) -> SemanticVersion? {
        let lowest = lowestServer
        guard let current else { return lowest?.withoutPatch ?? Self.placeholder }
        guard let lowest else { return nil }
        if downgrade.isEnabled { return try nextOfDowngrade(from: current, lowest: lowest) }
        return isHeld ? nil : raised
    }

    /// Whether the version stays below the lowest member's because a downgrade could not restore
    /// it.
    ///
    /// An upstream etcd member would raise it as soon as it leads, so it can only be held while all
    /// members run this program.
    package var isHeld: Bool {
        guard let current, raised != nil, !downgrade.isEnabled else { return false }
        return current > Self.placeholder && current < Self.firstDowngradeTarget
            && !isRaiseWanted && members.allSatisfy { $0?.isOwn == true }
    }

    /// Whether every member runs the downgrade's target version.
    package func haveAllReached(_ target: SemanticVersion) -> Bool {
        members.allSatisfy { $0?.server.withoutPatch == target.withoutPatch }
    }

    private func nextOfDowngrade(
        from current: SemanticVersion, lowest: SemanticVersion
    ) throws(InvalidDowngrade) -> SemanticVersion? {
        guard let target = SemanticVersion(downgrade.targetVersion) else {
            throw InvalidDowngrade()
        }
        guard target != current else { return nil }
        guard target == current.downgradeTarget, target == lowest.downgradeTarget else {
            throw InvalidDowngrade()
        }
        return target
    }

    /// The lowest server version, if it is above the cluster version.
    private var raised: SemanticVersion? {
        guard let current, let lowest = lowestServer?.withoutPatch,
            current.major == lowest.major, current < lowest
        else { return nil }
        return lowest
    }

    /// The lowest server version; nil unless all are known.
    private var lowestServer: SemanticVersion? {
        let known = members.compactMap { $0?.server }
        return known.count == members.count ? known.min() : nil
    }
}

extension SemanticVersion {
    /// The only version that a cluster of this version can be downgraded to.
    package var downgradeTarget: SemanticVersion? {
        minor > 0 ? SemanticVersion(major, minor - 1) : nil
    }
}
