package import EtcdAPI
package import Identifiers
package import Membership
package import MonotonicClock
package import NIOCore

/// Calls from the services to the peers; implemented over the peer protocol.
package protocol PeerCalling: Sendable {
    /// The start of the uninterrupted connection to another member; nil when it is not connected.
    func activeSince(_ member: MemberID) -> MonotonicTime?

    /// Renews a lease at the leader and returns its remaining seconds.
    ///
    /// - Throws: `rejected` for a final error, here that there is no such lease; `unreachable` for
    ///   an error that a retry may resolve.
    func renewLease(
        _ id: Int64, at leader: Member, within: TimeSpan
    ) async throws(LeaderCallError) -> Int64

    /// Renews many leases at the leader for the calls of one event loop, on which `completion` is
    /// called.
    ///
    /// - Parameter completion: receives the remaining seconds of each lease; nil for one whose
    ///   renewal has to be tried by itself.
    func renewLeases(
        _ ids: [Int64], at leader: Member, on loop: any EventLoop,
        _ completion: @escaping ([Int64?]) -> Void
    )

    /// Requests the time to live of a lease from the leader.
    func timeToLive(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest, at leader: Member,
        within: TimeSpan
    ) async throws(LeaderCallError) -> Etcdserverpb_LeaseTimeToLiveResponse

    /// Requests the promotion of a learner from the leader.
    ///
    /// - Parameter token: the caller's auth token, for the leader's check.
    func promote(
        _ learner: MemberID, at leader: Member, token: String?, within: TimeSpan
    ) async throws(LeaderCallError) -> [Member]
}

/// The error of a call to the leader.
package enum LeaderCallError: Error, Equatable, Sendable {
    /// The leader's final error response.
    case rejected(EtcdError)
    /// No response, or a temporary error.
    case unreachable
}

/// The peers of a single-member cluster: none.
package struct NoPeers: PeerCalling {
    package init() {}

    package func activeSince(_ member: MemberID) -> MonotonicTime? { nil }

    package func renewLease(
        _ id: Int64, at leader: Member, within: TimeSpan
    ) async throws(LeaderCallError) -> Int64 {
        throw .unreachable
    }

    package func renewLeases(
        _ ids: [Int64], at leader: Member, on loop: any EventLoop,
        _ completion: @escaping ([Int64?]) -> Void
    ) {
        completion(ids.map { _ in nil })
    }

    package func timeToLive(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest, at leader: Member,
        within: TimeSpan
    ) async throws(LeaderCallError) -> Etcdserverpb_LeaseTimeToLiveResponse {
        throw .unreachable
    }

    package func promote(
        _ learner: MemberID, at leader: Member, token: String?, within: TimeSpan
    ) async throws(LeaderCallError) -> [Member] {
        throw .unreachable
    }
}
