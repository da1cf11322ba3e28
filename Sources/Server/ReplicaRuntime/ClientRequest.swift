package import EtcdAPI
package import Raft
package import StateMachine

/// What a client's connection asks of the replica.
package enum ClientRequest: Sendable {
    /// Put this entry into the log and tell what applying it came to.
    case propose(id: UInt64, data: [UInt8], reply: ReplyAddress)
    /// Tell when everything acknowledged before now is visible.
    case read(reply: ReplyAddress)
    /// Put a change of membership into the log.
    case changeMembership(id: UInt64, ConfChange, reply: ReplyAddress)
}

/// Work for the apply thread on the state it owns, between two batches of entries.
package typealias StateWork = @Sendable (StateAccess) -> Void
