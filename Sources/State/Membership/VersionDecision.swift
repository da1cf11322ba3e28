/// What the leader makes of the versions of all members: etcd's rules for the cluster's version,
/// but for one: a version from before 3.6 is held while every member runs this program
/// (docs/decisions/0002).
///
/// A pure function of what is known at one moment; the leader asks it every few seconds.
package struct VersionDecision: Sendable {
    /// The version that stands for "not all members are known yet".
    package static let placeholder = SemanticVersion(3, 0)
    /// The first version that a cluster can be taken back to by `etcdctl downgrade`.
    package static let firstDowngradeTarget = SemanticVersion(3, 6)

    /// What one member says of itself.
    package struct MemberVersion: Equatable, Sendable {
        package var server: SemanticVersion
        /// Whether it runs this program.
        package var isOwn: Bool

        package init(server: SemanticVersion, isOwn: Bool) {
            self.server = server
            self.isOwn = isOwn
        }
    }

    /// Why nothing can be decided.
    package struct InvalidDowngrade: Error, Equatable, Sendable {}

    /// The cluster's version now; nil before the first decision.
    package var current: SemanticVersion?
    package var downgrade: ClusterMembership.Downgrade
    /// All members, this one too; nil for one that could not be asked.
    package var members: [MemberVersion?]
    /// Whether the operator wants a version from before 3.6 to be raised.
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

    /// The version to agree on next; nil to leave it as it is.
    package func next() throws(InvalidDowngrade) -> SemanticVersion? {
        let lowest = lowestServer
        guard let current else { return lowest?.withoutPatch ?? Self.placeholder }
        guard let lowest else { return nil }
        if downgrade.isEnabled { return try nextOfDowngrade(from: current, lowest: lowest) }
        return isHeld ? nil : raised
    }

    /// Whether the version stays below the lowest member's because there is no way back to it.
    ///
    /// A real etcd among the members would raise it as soon as it leads, so only a cluster whose
    /// members all run this program can hold it.
    package var isHeld: Bool {
        guard let current, raised != nil, !downgrade.isEnabled else { return false }
        return current > Self.placeholder && current < Self.firstDowngradeTarget
            && !isRaiseWanted && members.allSatisfy { $0?.isOwn == true }
    }

    /// Whether every member runs the version that a downgrade leads to.
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

    /// The version of the lowest member, if that is above the cluster's.
    private var raised: SemanticVersion? {
        guard let current, let lowest = lowestServer?.withoutPatch,
            current.major == lowest.major, current < lowest
        else { return nil }
        return lowest
    }

    /// nil unless all are known.
    private var lowestServer: SemanticVersion? {
        let known = members.compactMap { $0?.server }
        return known.count == members.count ? known.min() : nil
    }
}

extension SemanticVersion {
    /// The only version that a cluster of this version can be taken back to.
    package var downgradeTarget: SemanticVersion? {
        minor > 0 ? SemanticVersion(major, minor - 1) : nil
    }
}
