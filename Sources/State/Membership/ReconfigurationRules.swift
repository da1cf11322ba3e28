package import EtcdAPI
package import Identifiers
package import MonotonicClock

/// Whether a membership change may be proposed now: etcd's strict reconfiguration check.
///
/// It ensures that the started members, and the members that this member has been connected to for
/// some time, still are a quorum after the change. Checked before a change is proposed;
/// `ClusterMembership.validate` checks it again when it is applied.
package struct ReconfigurationRules: Sendable {
    /// How long a member must have been connected to count as healthy.
    package static let healthyTime = TimeSpan.seconds(5)

    /// Fraction of the leader's log that a learner must have before it can be promoted.
    package static let readyPercentThreshold = 0.9

    private let membership: ClusterMembership
    private let isStrict: Bool
    private let now: MonotonicTime
    private let activeSince: @Sendable (MemberID) -> MonotonicTime?

    /// - Parameters:
    ///   - isStrict: the flag strict-reconfig-check.
    ///   - now: the present time.
    ///   - activeSince: the time since which another member is connected, by the same clock; nil
    ///     when it is not.
    package init(
        _ membership: ClusterMembership, isStrict: Bool, now: MonotonicTime,
        activeSince: @escaping @Sendable (MemberID) -> MonotonicTime?
    ) {
        self.membership = membership
        self.isStrict = isStrict
        self.now = now
        self.activeSince = activeSince
    }

    /// Whether a member may be added.
    ///
    /// A started single voter can always be joined: that is how a restored cluster grows again.
    package func checkAddition(isLearner: Bool) throws(EtcdError) {
        guard isStrict else { return }
        let voters = membership.voters
        let started = voters.count(where: \.isStarted)
        if !isLearner, voters.count != 1 || started != 1 {
            guard started >= Self.quorum(of: voters.count + 1) else {
                throw .memberNotEnoughStarted
            }
        }
        guard voters.count != 1 else { return }
        // The new member counts as unreachable.
        guard connectedCount(among: voters) >= Self.quorum(of: voters.count + 1) else {
            throw .unhealthy
        }
    }

    /// Whether a member may be removed.
    package func checkRemoval(of id: MemberID) throws(EtcdError) {
        guard isStrict, membership[id]?.isLearner != true else { return }
        let voters = membership.voters
        let remaining = voters.filter { $0.id != id }
        guard remaining.count(where: \.isStarted) >= Self.quorum(of: remaining.count) else {
            throw .memberNotEnoughStarted
        }
        // A member that is down is not part of the quorum that must be kept.
        if id != membership.localID, activeSince(id) == nil { return }
        guard connectedCount(among: voters) - 1 >= 1 + (voters.count - 1) / 2 else {
            throw .unhealthy
        }
    }

    /// Whether a learner may be promoted.
    ///
    /// - Parameters:
    ///   - matchIndex: the learner's match index; nil when the leader does not know the member.
    ///   - leaderIndex: the leader's last index.
    package func checkPromotion(matchIndex: LogIndex?, leaderIndex: LogIndex) throws(EtcdError) {
        guard let matchIndex else { throw .memberNotFound }
        guard
            Double(matchIndex.rawValue) >= Double(leaderIndex.rawValue) * Self.readyPercentThreshold
        else {
            throw .learnerNotReady
        }
        guard isStrict else { return }
        let voters = membership.voters
        // The learner counts as a started voter from now on.
        guard voters.count(where: \.isStarted) + 1 >= Self.quorum(of: voters.count + 1) else {
            throw .memberNotEnoughStarted
        }
    }

    private func connectedCount(among members: [Member]) -> Int {
        members.count { member in
            guard member.id != membership.localID else { return true }
            guard let since = activeSince(member.id) else { return false }
            return since < now - Self.healthyTime
        }
    }

    private static func quorum(of count: Int) -> Int { count / 2 + 1 }
}

extension ClusterMembership {
    /// The voting members.
    package var voters: [Member] { members.filter { !$0.isLearner } }
}
