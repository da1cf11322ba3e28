package import EtcdAPI
package import Identifiers
package import MonotonicClock
import StateMachine

/// A term in which this member led when it was asked about leases.
///
/// The clocks of leases are the leader's, and a paused leader may have a successor whose renewals
/// it never received. So what it read of leases counts only if a quorum confirms afterwards, by a
/// read, that the same term lasts (etcd 3.6 asks a quorum as well).
package struct LeaderTerm: Equatable, Sendable {
    package let value: Term

    /// nil for a member that does not lead.
    package init?(_ status: ReplicaStatus) {
        guard status.isLeader else { return nil }
        value = status.term
    }

    /// Whether the clocks in a state run for this term. The state may lag: its clocks may still be
    /// those of an earlier term of this member.
    func hasClocks(in state: StateMachine) -> Bool { state.lessor.primaryTerm == value }

    /// Whether the completion of a read that started later confirms that this term lasts.
    package func isConfirmed(by completion: Completion) -> Bool {
        guard case .readable = completion.value else { return false }
        return completion.term == value
    }
}

/// The next step of a leader for a request about a lease.
///
/// `awaitCommitted`, `clearCheckpoint` and `pause` are followed by `inspect`; if one of them fails,
/// the request fails with its error.
package enum LeaseStep<Value> {
    /// Read or renew the lease, in a run of the apply stage.
    case inspect
    /// Wait until everything that is committed now is applied: `CommittedWait`.
    case awaitCommitted
    /// Propose a checkpoint that clears the lease's remaining time, and wait for it.
    case clearCheckpoint
    /// Start a linearizable read: its completion says whether the term still lasts.
    case confirm
    case pause(TimeSpan)
    case done(LeaseQueryResult<Value>)
}

/// The result of a request about a lease.
package enum LeaseQueryResult<Value> {
    case value(Value)
    case noSuchLease
    /// This member does not lead, or stopped leading before the lease was read.
    case notLeading
    case failed(EtcdError)
}

extension LeaseStep: Sendable where Value: Sendable {}
extension LeaseQueryResult: Sendable where Value: Sendable {}
extension LeaseStep: Equatable where Value: Equatable {}
extension LeaseQueryResult: Equatable where Value: Equatable {}

extension LeaderTerm {
    /// The last step of a request of this term, by the completion of its read.
    func conclude<Value>(_ value: Value?, by completion: Completion) -> LeaseStep<Value> {
        if case .failed(let error) = completion.value { return .done(.failed(error)) }
        guard isConfirmed(by: completion) else { return .done(.notLeading) }
        return .done(value.map { .value($0) } ?? .noSuchLease)
    }
}
