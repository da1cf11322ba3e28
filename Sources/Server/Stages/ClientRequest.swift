package import Raft
package import Replica
package import StateMachine

/// What a client's connection asks of the replica.
package enum ClientRequest: Sendable {
    /// Put this entry into the log and tell what applying it came to.
    case propose(NumberedProposal, reply: ReplyAddress)
    /// Tell when everything acknowledged before now is visible.
    case read(reply: ReplyAddress)
    /// Put a change of membership into the log.
    case changeMembership(id: UInt64, ConfChange, reply: ReplyAddress)

    /// Where the answer goes.
    package var reply: ReplyAddress {
        switch self {
        case .propose(_, let reply), .read(let reply), .changeMembership(_, _, let reply): reply
        }
    }
}

/// Work of the apply stage on the state it owns, between two batches of entries.
package typealias StateWork = @Sendable (StateMachine) -> Void

/// Hands an object over to the one owner that will use it.
package struct Confined<Value>: @unchecked Sendable {
    // Made by one owner, which lets go of it when it is given away.
    package let value: Value

    package init(_ value: Value) { self.value = value }
}
