package import EtcdAPI
internal import Glibc
package import Membership
internal import Raft
internal import ReplicaRuntime
internal import StateMachine

/// Adds, removes, moves and promotes members: etcd's checks before the change is proposed, in its
/// order. When the change is applied the state machine judges again.
package struct MemberChanges: Sendable {
    let context: ServiceContext

    /// Adds a member that will be reached by these URLs; its id comes from them and the time.
    ///
    /// - Returns: the new member, and all members.
    package func add(
        _ peerURLs: [String], isLearner: Bool
    ) async throws(EtcdError) -> (Member, [Member]) {
        let urls = try validated(peerURLs)
        let id = Membership.MemberID(
            peerURLs: urls, token: "", addedAtUnixSeconds: Int64(time(nil)))
        let member = Member(id: id, peerURLs: urls, isLearner: isLearner)
        try await waitForVersion()
        try await rules().checkAddition(isLearner: isLearner)
        let members = try await change(
            isLearner ? .addLearner : .addVoter, id, context: member.json)
        return (member, members)
    }

    /// How long an addition waits for a cluster that has just been founded.
    private static let versionMilliseconds: Int64 = 2000

    /// A member that joins asks for the cluster's version. Once it is added there may be no quorum
    /// to decide one until it has joined.
    private func waitForVersion() async throws(EtcdError) {
        let deadline = monotonicMilliseconds() + Self.versionMilliseconds
        while monotonicMilliseconds() < deadline {
            let isDecided = try await context.runtime.readState { state in
                state.membership.version != nil
            }
            if isDecided { return }
            try await context.pause(10)
        }
    }

    /// Removes a member for good.
    package func remove(_ id: Membership.MemberID) async throws(EtcdError) -> [Member] {
        try await rules().checkRemoval(of: id)
        return try await change(.remove, id, context: "")
    }

    /// Moves a member to other URLs.
    ///
    /// etcd takes any text here and its members then stop, so what is no URL is refused.
    package func update(
        _ id: Membership.MemberID, peerURLs: [String]
    ) async throws(EtcdError) -> [Member] {
        _ = try validated(peerURLs)
        return try await change(.update, id, context: Member(id: id, peerURLs: peerURLs).json)
    }

    /// Gives a learner its vote. Only the leader knows how far the learner is: any other member
    /// asks it.
    ///
    /// - Parameter token: of the caller, for the leader's check.
    package func promote(
        _ id: Membership.MemberID, token: String?
    ) async throws(EtcdError) -> [Member] {
        let others = context.settings.others
        return try await context.atLeader { () async throws(EtcdError) in
            try await promoteAsLeader(id)
        } _: { (leader, milliseconds) async throws(LeaderCallError) in
            try await others.promote(
                id, at: leader, token: token, withinMilliseconds: milliseconds)
        }
    }

    /// - Returns: nil when this member does not lead.
    private func promoteAsLeader(
        _ id: Membership.MemberID
    ) async throws(EtcdError) -> [Member]? {
        try await context.waitForCommitted()
        let status = try await context.runtime.consensusStatus()
        guard status.role == .leader else { return nil }
        let match =
            status.id.rawValue == id.rawValue
            ? status.lastIndex : status.members.first { $0.id.rawValue == id.rawValue }?.match
        try await rules().checkPromotion(
            matchIndex: match?.rawValue, leaderIndex: status.lastIndex.rawValue)
        let change = MemberChangeContext(
            member: Member(id: id, peerURLs: []), isPromotion: true)
        return try await self.change(.addVoter, id, context: change.json)
    }

    private func change(
        _ type: ConfChangeType, _ id: Membership.MemberID, context text: String
    ) async throws(EtcdError) -> [Member] {
        let outcome = try await context.runtime.changeMembership(
            type, Raft.MemberID(id.rawValue), context: Array(text.utf8))
        guard case .members(let members) = outcome.result else {
            preconditionFailure("a change of the membership gives the members")
        }
        return members
    }

    private func rules() async throws(EtcdError) -> ReconfigurationRules {
        let membership = try await context.runtime.readState { $0.membership }
        let others = context.settings.others
        return ReconfigurationRules(
            membership, isStrict: context.settings.checksReconfiguration,
            nowMilliseconds: monotonicMilliseconds()
        ) { others.activeSince($0) }
    }

    /// The URLs in ascending order, as etcd keeps them.
    private func validated(_ urls: [String]) throws(EtcdError) -> [String] {
        let read = urls.compactMap(context.settings.readURL)
        guard !urls.isEmpty, read.count == urls.count else { throw .memberBadURLs }
        return read.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
