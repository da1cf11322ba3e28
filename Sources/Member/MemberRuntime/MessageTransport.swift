package import Identifiers
package import Membership
package import Raft
package import Stages

/// Sends messages to other members. Called on the runtime's threads: it must not block.
package protocol MessageTransport: AnyObject, Sendable {
    /// Sends messages, in order for each member. What cannot be sent is dropped and reported by
    /// `MemberQueues.reportUnreachable`. Consensus thread.
    func send(_ messages: [Message])
    /// Whether there is a connection to this member. Consensus thread.
    func isConnected(to member: MemberID) -> Bool
    /// Sends a snapshot with its database; success or failure is always reported by
    /// `MemberQueues.reportSnapshot`. Backend thread.
    func send(_ snapshot: OutgoingSnapshot)
    /// The members or their addresses have changed. Apply thread.
    func membershipChanged(_ membership: ClusterMembership)
}
