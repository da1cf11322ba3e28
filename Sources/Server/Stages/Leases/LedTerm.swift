package import EtcdAPI
import StateMachine

/// A term in which this member led when it was asked about leases.
///
/// Their clocks are the leader's, and one that stood still may have a successor whose renewals
/// never reached it. So what was seen of them counts only if a quorum confirms afterwards, by a
/// read, that the same term lasts (etcd 3.6 asks a quorum as well).
package struct LedTerm: Equatable, Sendable {
    package let rawValue: UInt64

    /// nil for a member that does not lead.
    package init?(_ status: ReplicaStatus) {
        guard status.isLeader else { return nil }
        rawValue = status.term.rawValue
    }

    /// Whether the clocks that run in a state are those of this term. The state may be behind: its
    /// clocks may still be those of an earlier term of this member.
    func hasClocks(in state: StateMachine) -> Bool { state.lessor.primaryTerm == rawValue }

    /// Whether the response to a read that began later confirms that this term still lasts.
    package func isConfirmed(by reply: Reply) -> Bool {
        guard case .readable = reply.value else { return false }
        return reply.term == rawValue
    }
}

/// What a leader has to do next about a lease.
///
/// After `awaitCommitted`, `takeBackCheckpoint` and `pause` comes a look; one that fails ends it
/// all with its error.
package enum LeaseStep<Told> {
    /// Look at the leases, in a turn of the apply stage.
    case look
    /// Wait until everything that is committed now is applied: `CommittedWait`.
    case awaitCommitted
    /// Propose that nothing is known of the lease's remaining time, and wait for that.
    case takeBackCheckpoint
    /// Start a linearizable read: its response confirms that the term still lasts, or not.
    case confirm
    case pause(milliseconds: Int64)
    case done(LeaseOutcome<Told>)
}

/// What comes of a request about a lease.
package enum LeaseOutcome<Told> {
    case told(Told)
    case noSuchLease
    /// This member does not lead, or did not any more by the time it had looked.
    case notLeading
    case failed(EtcdError)
}

extension LeaseStep: Sendable where Told: Sendable {}
extension LeaseOutcome: Sendable where Told: Sendable {}
extension LeaseStep: Equatable where Told: Equatable {}
extension LeaseOutcome: Equatable where Told: Equatable {}

extension LedTerm {
    /// The end of what began in this term, once the answer to its read is there.
    func settled<Told>(_ told: Told?, by reply: Reply) -> LeaseStep<Told> {
        if case .failed(let error) = reply.value { return .done(.failed(error)) }
        guard isConfirmed(by: reply) else { return .done(.notLeading) }
        return .done(told.map { .told($0) } ?? .noSuchLease)
    }
}
