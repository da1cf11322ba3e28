package import EtcdAPI

/// Whether a change of the membership may be asked for now: etcd's strict reconfiguration check.
///
/// What it guards: that the members which have started, and those which this member has been
/// connected to for a while, go on being a quorum after the change. Asked before a change is
/// proposed; `ClusterMembership.validate` judges again when it is applied.
package struct ReconfigurationRules: Sendable {
    /// How long a member must have been connected to count as healthy.
    package static let healthyMilliseconds: Int64 = 5000

    /// Share of the leader's log that a learner must have before it gets a vote.
    package static let readyShare = 0.9

    private let membership: ClusterMembership
    private let isStrict: Bool
    private let nowMilliseconds: Int64
    private let activeSince: @Sendable (MemberID) -> Int64?

    /// - Parameters:
    ///   - isStrict: the flag strict-reconfig-check.
    ///   - nowMilliseconds: monotonic time.
    ///   - activeSince: since when another member is connected, in the same clock; nil when it is
    ///     not.
    package init(
        _ membership: ClusterMembership, isStrict: Bool, nowMilliseconds: Int64,
        activeSince: @escaping @Sendable (MemberID) -> Int64?
    ) {
        self.membership = membership
        self.isStrict = isStrict
        self.nowMilliseconds = nowMilliseconds
        self.activeSince = activeSince
    }

    /// Whether a member may be added.
    ///
    /// A single member may always get company: that is how a restored cluster grows again.
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
        // The new member counts as not reachable.
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
        // A member that is down is no part of the quorum that must be kept.
        if id != membership.localID, activeSince(id) == nil { return }
        guard connectedCount(among: voters) - 1 >= 1 + (voters.count - 1) / 2 else {
            throw .unhealthy
        }
    }

    /// Whether a learner may get its vote.
    ///
    /// - Parameters:
    ///   - matchIndex: the last entry that it is known to have; nil when the leader does not know
    ///     such a member.
    ///   - leaderIndex: the leader's last entry.
    package func checkPromotion(matchIndex: UInt64?, leaderIndex: UInt64) throws(EtcdError) {
        guard let matchIndex else { throw .memberNotFound }
        guard Double(matchIndex) >= Double(leaderIndex) * Self.readyShare else {
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
            return since < nowMilliseconds - Self.healthyMilliseconds
        }
    }

    private static func quorum(of count: Int) -> Int { count / 2 + 1 }
}

extension ClusterMembership {
    /// The members with a vote.
    package var voters: [Member] { members.filter { !$0.isLearner } }
}
