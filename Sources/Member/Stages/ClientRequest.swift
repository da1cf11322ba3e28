package import Raft
package import Replica
package import StateMachine

/// A request to the consensus stage.
package enum ClientRequest: Sendable {
    /// Propose this entry and complete with the response of applying it.
    case propose(NumberedProposal, completion: CompletionAddress)
    /// Complete when everything acknowledged before now is visible.
    case read(completion: CompletionAddress)
    /// Propose a change of membership.
    case changeMembership(id: UInt64, ConfChange, completion: CompletionAddress)

    /// Where the completion goes.
    package var completion: CompletionAddress {
        switch self {
        case .propose(_, let completion), .read(let completion),
            .changeMembership(_, _, let completion):
            completion
        }
    }
}

/// Work of the apply stage on its state, between two batches of entries.
package typealias StateWork = @Sendable (StateMachine) -> Void

/// Transfers an object to the one thread that will use it.
package struct Confined<Value>: @unchecked Sendable {
    // The creating thread gives up the value when it passes it on.
    package let value: Value

    package init(_ value: Value) { self.value = value }
}
