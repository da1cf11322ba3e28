package import EtcdAPI
package import Membership

/// What the services ask of the other members; whoever speaks the peer protocol provides it.
package protocol OtherMembers: Sendable {
    /// Since when this member is connected to another without a break, in milliseconds of the
    /// monotonic clock; nil when it is not.
    func activeSince(_ member: MemberID) -> Int64?

    /// Renews a lease at the leader, and gives the seconds that it has from now on.
    ///
    /// - Throws: `answer` for what holds at any leader, here that there is no such lease;
    ///   `unreachable` for what another try may mend.
    func renewLease(
        _ id: Int64, at leader: Member, withinMilliseconds: Int64
    ) async throws(LeaderCallError) -> Int64

    /// Asks the leader how long a lease lives.
    func timeToLive(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest, at leader: Member,
        withinMilliseconds: Int64
    ) async throws(LeaderCallError) -> Etcdserverpb_LeaseTimeToLiveResponse

    /// Has the leader give a learner its vote.
    ///
    /// - Parameter token: the caller's, for the leader's own check.
    func promote(
        _ learner: MemberID, at leader: Member, token: String?, withinMilliseconds: Int64
    ) async throws(LeaderCallError) -> [Member]
}

/// Why a call at the leader brought nothing.
package enum LeaderCallError: Error, Equatable, Sendable {
    /// The leader's answer, which stands.
    case answer(EtcdError)
    /// No answer, or one that only tells of its present state.
    case unreachable
}

/// A cluster of one: there is nobody to ask.
package struct NoOtherMembers: OtherMembers {
    package init() {}

    package func activeSince(_ member: MemberID) -> Int64? { nil }

    package func renewLease(
        _ id: Int64, at leader: Member, withinMilliseconds: Int64
    ) async throws(LeaderCallError) -> Int64 {
        throw .unreachable
    }

    package func timeToLive(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest, at leader: Member,
        withinMilliseconds: Int64
    ) async throws(LeaderCallError) -> Etcdserverpb_LeaseTimeToLiveResponse {
        throw .unreachable
    }

    package func promote(
        _ learner: MemberID, at leader: Member, token: String?, withinMilliseconds: Int64
    ) async throws(LeaderCallError) -> [Member] {
        throw .unreachable
    }
}
