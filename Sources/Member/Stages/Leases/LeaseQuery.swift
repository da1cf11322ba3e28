package import Lease
package import MonotonicClock
package import StateMachine

/// The steps of a leader that responds to a query about a lease: it waits until committed entries
/// are applied, reads the lease, and has its leadership confirmed by a quorum.
package struct LeaseQuery<Value> {
    package typealias Step = LeaseStep<Value>

    package let id: LeaseID
    package let term: LeaderTerm
    /// What was read of the lease; nil for no such lease.
    private var value: Value?

    package init(_ id: LeaseID, in term: LeaderTerm) {
        self.id = id
        self.term = term
    }

    /// The first step.
    package var first: Step { .awaitCommitted }

    /// Reads the lease: `read` is called with the lease and the state's time.
    package func inspect(
        in state: StateMachine, _ read: (Lease, MonotonicTime) -> Value
    ) -> LeaseReading<Value> {
        guard term.hasClocks(in: state) else { return .noClocks }
        guard let lease = state.lessor[id] else { return .nothing }
        return .found(read(lease, state.now))
    }

    /// Handles the result of `inspect`.
    package mutating func handle(_ reading: LeaseReading<Value>) -> Step {
        switch reading {
        case .noClocks: return .done(.notLeading)
        case .nothing: return .confirm
        case .found(let value):
            self.value = value
            return .confirm
        }
    }

    /// Handles the completion of the read.
    package func confirmed(by completion: Completion) -> Step {
        term.conclude(value, by: completion)
    }
}

extension LeaseQuery: Sendable where Value: Sendable {}

/// The result of reading a lease.
package enum LeaseReading<Value> {
    /// This member's clocks do not run: its state of leases may be outdated.
    case noClocks
    case nothing
    case found(Value)
}

extension LeaseReading: Sendable where Value: Sendable {}
