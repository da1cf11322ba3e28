package import Membership
package import Raft
package import Stages

/// Who carries messages to other members. Called on the runtime's threads: it must not wait.
package protocol MessageCarrier: AnyObject, Sendable {
    /// Sends messages, those to one member in their order. What cannot be sent is dropped and
    /// reported by `MemberQueues.reportUnreachable`. Consensus thread.
    func send(_ messages: [Message])
    /// Whether messages to this member have a way. Consensus thread.
    func isConnected(to member: Raft.MemberID) -> Bool
    /// Sends a snapshot with its database; what became of it is told by
    /// `MemberQueues.reportSnapshot`, in any case. Backend thread.
    func send(_ snapshot: OutgoingSnapshot)
    /// The members have changed, or their addresses. Apply thread.
    func membershipChanged(_ membership: ClusterMembership)
}
