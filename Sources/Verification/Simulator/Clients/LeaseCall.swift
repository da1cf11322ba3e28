import Lease
import Stages
import StateMachine

/// A call about a lease in progress at a leader: the server's own value, and where it runs.
struct LeaseCall {
    enum Work {
        case renewal(LeaderRenewal)
        /// The response is the checker's finding, nil if it is correct.
        case query(LeaseQuery<SimulationFailure?>)
    }

    var work: Work
    let host: Int
    let run: Int
    /// The next step, performed at the next `leaseStep` event.
    var next: LeaseStep<CallResponse>
    /// Set while the call waits for committed entries.
    var wait: CommittedWait?
    /// The checker's finding against the lease being missing, at the last check.
    var finding: SimulationFailure?

    var lease: LeaseID {
        switch work {
        case .renewal(let renewal): renewal.request.id
        case .query(let query): query.id
        }
    }

    var term: LeaderTerm {
        switch work {
        case .renewal(let renewal): renewal.term
        case .query(let query): query.term
        }
    }

    /// The read completed.
    mutating func confirmed(by completion: Completion) {
        switch work {
        case .renewal(let renewal): next = renewal.confirmed(by: completion).map { .renewed($0) }
        case .query(let query): next = query.confirmed(by: completion).map { .reported($0) }
        }
    }
}

/// Renewals that wait for one confirmation.
struct RenewalBatch {
    let renewals: PendingRenewals
    let calls: [CallNumber]
    let seconds: [Int64?]
    let host: Int
    let run: Int
}

/// A renewal that has reached the leader's own port.
struct WaitingRenewal {
    let request: RenewalRequest
    let call: CallNumber
}

extension LeaseStep {
    func map<Other>(_ transform: (Value) -> Other) -> LeaseStep<Other> {
        switch self {
        case .inspect: .inspect
        case .awaitCommitted: .awaitCommitted
        case .clearCheckpoint: .clearCheckpoint
        case .confirm: .confirm
        case .pause(let time): .pause(time)
        case .done(.value(let value)): .done(.value(transform(value)))
        case .done(.noSuchLease): .done(.noSuchLease)
        case .done(.notLeading): .done(.notLeading)
        case .done(.failed(let error)): .done(.failed(error))
        }
    }
}
