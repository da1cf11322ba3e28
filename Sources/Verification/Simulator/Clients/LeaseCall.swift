import Lease
import Stages
import StateMachine

/// What a leader is at for one call about a lease: the server's own value, and where it runs.
struct LeaseCall {
    enum Work {
        case renewal(LeaderRenewal)
        /// The response is the judge's failure, nil if it is correct.
        case question(LeaseQuestion<SimulationFailure?>)
    }

    var work: Work
    let host: Int
    let run: Int
    /// What is to be done next, at the next `lease` event.
    var next: LeaseStep<CallAnswer>
    /// Under way while it waits for what is committed.
    var wait: CommittedWait?
    /// What the judge has against there being no such lease, at the last look.
    var finding: SimulationFailure?

    var lease: LeaseID {
        switch work {
        case .renewal(let renewal): renewal.id
        case .question(let question): question.id
        }
    }

    var term: LedTerm {
        switch work {
        case .renewal(let renewal): renewal.term
        case .question(let question): question.term
        }
    }

    /// The read was answered.
    mutating func confirmed(by reply: Reply) {
        switch work {
        case .renewal(let renewal): next = renewal.confirmed(by: reply).map { .renewed($0) }
        case .question(let question): next = question.confirmed(by: reply).map { .reported($0) }
        }
    }
}

/// Renewals that wait for one confirmation.
struct RenewalBatch {
    let gathered: GatheredRenewals
    let calls: [CallNumber]
    let seconds: [Int64?]
    let host: Int
    let run: Int
}

/// A renewal that has reached the leader's own port.
struct WaitingRenewal {
    let lease: LeaseID
    let call: CallNumber
}

extension LeaseStep {
    func map<Other>(_ tell: (Told) -> Other) -> LeaseStep<Other> {
        switch self {
        case .look: .look
        case .awaitCommitted: .awaitCommitted
        case .takeBackCheckpoint: .takeBackCheckpoint
        case .confirm: .confirm
        case .pause(let milliseconds): .pause(milliseconds: milliseconds)
        case .done(.told(let told)): .done(.told(tell(told)))
        case .done(.noSuchLease): .done(.noSuchLease)
        case .done(.notLeading): .done(.notLeading)
        case .done(.failed(let error)): .done(.failed(error))
        }
    }
}
