internal import Auth
package import EtcdAPI
internal import Glibc
package import Identifiers
package import Membership
import MonotonicClock
internal import Raft
internal import MemberRuntime
internal import StateMachine

/// Adds, removes, updates and promotes members, with etcd's checks in etcd's order before the
/// change is proposed. The state machine checks again when the change is applied.
package struct MemberChanges: Sendable {
    let context: ServiceContext

    /// Adds a member with these peer URLs. Its ID is derived from the URLs and the time.
    ///
    /// - Returns: the new member, and all members.
    package func add(
        _ peerURLs: [String], isLearner: Bool
    ) async throws(EtcdError) -> (Member, [Member]) {
        let urls = try validated(peerURLs)
        let id = MemberID(
            peerURLs: urls, token: "", addedAtUnixSeconds: Int64(time(nil)))
        let member = Member(id: id, peerURLs: urls, isLearner: isLearner)
        try await waitForVersion()
        try await rules().checkAddition(isLearner: isLearner)
        let members = try await change(
            isLearner ? .addLearner : .addVoter, id, context: member.json)
        return (member, members)
    }

    /// How long an addition waits for the cluster version of a new cluster.
    private static let versionTimeout = TimeSpan.seconds(2)

    /// Waits for the cluster version, which a joining member requests. Once the member is added
    /// there may be no quorum to decide a version until it has joined.
    private func waitForVersion() async throws(EtcdError) {
        let deadline = MonotonicTime.now() + Self.versionTimeout
        while .now() < deadline {
            let isDecided = try await context.runtime.readState { state in
                state.membership.version != nil
            }
            if isDecided { return }
            try await context.pause(.milliseconds(10))
        }
    }

    /// Removes a member permanently.
    package func remove(_ id: MemberID) async throws(EtcdError) -> [Member] {
        try await rules().checkRemoval(of: id)
        return try await change(.remove, id, context: "")
    }

    /// Changes the peer URLs of a member.
    ///
    /// Unlike etcd, whose members stop on an invalid URL, this refuses it.
    package func update(
        _ id: MemberID, peerURLs: [String]
    ) async throws(EtcdError) -> [Member] {
        _ = try validated(peerURLs)
        return try await change(.update, id, context: Member(id: id, peerURLs: peerURLs).json)
    }

    /// Promotes a learner to a voter. Only the leader knows the learner's progress, so any other
    /// member forwards the call.
    ///
    /// - Parameter token: the caller's auth token, for the leader's check. The caller was checked
    ///   here already. As in etcd one that is named by its certificate has nothing to show to the
    ///   leader, and must ask the leader itself.
    func promote(
        _ id: MemberID, token: String?
    ) async throws(EtcdError) -> [Member] {
        let peers = context.configuration.peers
        return try await context.atLeader { () async throws(EtcdError) in
            try await countedPromotion(id)
        } _: { (leader, limit) async throws(LeaderCallError) in
            try await peers.promote(
                id, at: leader, token: token, within: limit)
        }
    }

    /// Promotes a learner for another member, whose caller is checked here again.
    package func promote(
        _ id: MemberID, by credentials: CallCredentials
    ) async throws(EtcdError) -> [Member] {
        let caller = try await context.identity(of: credentials)
        try context.auth?.requireRoot(caller)
        return try await promote(id, token: credentials.token)
    }

    private func countedPromotion(_ id: MemberID) async throws(EtcdError) -> [Member]? {
        do throws(EtcdError) {
            let members = try await promoteAsLeader(id)
            if members != nil { context.metrics.promotionEnded(nil) }
            return members
        } catch {
            context.metrics.promotionEnded(error)
            throw error
        }
    }

    /// - Returns: nil when this member does not lead.
    private func promoteAsLeader(
        _ id: MemberID
    ) async throws(EtcdError) -> [Member]? {
        try await context.waitForCommitted()
        let status = try await context.runtime.consensusStatus()
        guard status.role == .leader else { return nil }
        let match =
            status.id == id
            ? status.lastIndex : status.members.first { $0.id == id }?.match
        try await rules().checkPromotion(
            matchIndex: match, leaderIndex: status.lastIndex)
        let change = MemberChangeContext(
            member: Member(id: id, peerURLs: []), isPromotion: true)
        return try await self.change(.addVoter, id, context: change.json)
    }

    private func change(
        _ type: ConfChangeType, _ id: MemberID, context text: String
    ) async throws(EtcdError) -> [Member] {
        let applied = try await context.runtime.changeMembership(
            type, id, context: Array(text.utf8))
        guard case .members(let members) = applied.body else {
            preconditionFailure("a membership change returns the members")
        }
        return members
    }

    private func rules() async throws(EtcdError) -> ReconfigurationRules {
        let membership = try await context.runtime.readState { $0.membership }
        let peers = context.configuration.peers
        return ReconfigurationRules(
            membership, isStrict: context.configuration.checksReconfiguration,
            now: .now()
        ) { peers.activeSince($0) }
    }

    /// The error of peer URLs that no member may have.
    func check(_ peerURLs: [String]) -> EtcdError? {
        do throws(EtcdError) {
            _ = try validated(peerURLs)
            return nil
        } catch {
            return error
        }
    }

    /// The validated URLs in ascending order, as etcd keeps them.
    private func validated(_ urls: [String]) throws(EtcdError) -> [String] {
        let valid = urls.compactMap(context.configuration.canonicalURL)
        guard !urls.isEmpty, valid.count == urls.count else { throw .memberBadURLs }
        return valid.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
