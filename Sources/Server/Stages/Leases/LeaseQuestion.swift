package import Lease
package import StateMachine

/// How a leader answers a query about a lease: it waits until committed entries are applied, reads
/// the lease, and has its leadership confirmed by a quorum.
package struct LeaseQuestion<Told> {
    package typealias Step = LeaseStep<Told>

    package let id: LeaseID
    package let term: LedTerm
    /// What the look gave; nil for no such lease.
    private var told: Told?

    package init(_ id: LeaseID, in term: LedTerm) {
        self.id = id
        self.term = term
    }

    /// How it begins.
    package var first: Step { .awaitCommitted }

    /// Reads the lease: `tell` is called with the lease and the state's time.
    package func look(
        at state: StateMachine, _ tell: (Lease, ClockMilliseconds) -> Told
    ) -> LeaseLook<Told> {
        guard term.hasClocks(in: state) else { return .noClocks }
        guard let lease = state.lessor[id] else { return .nothing }
        return .found(tell(lease, state.now))
    }

    /// The look gave this.
    package mutating func looked(_ look: LeaseLook<Told>) -> Step {
        switch look {
        case .noClocks: return .done(.notLeading)
        case .nothing: return .confirm
        case .found(let told):
            self.told = told
            return .confirm
        }
    }

    /// The read was answered.
    package func confirmed(by reply: Reply) -> Step { term.settled(told, by: reply) }
}

extension LeaseQuestion: Sendable where Told: Sendable {}

/// What a look at a lease gave.
package enum LeaseLook<Found> {
    /// This member's clocks do not run: what it holds of leases may be behind.
    case noClocks
    case nothing
    case found(Found)
}

extension LeaseLook: Sendable where Found: Sendable {}
