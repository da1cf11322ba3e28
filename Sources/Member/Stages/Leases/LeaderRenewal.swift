import Identifiers
package import Lease
package import MonotonicClock
package import StateMachine

/// The steps of a leader that renews one lease: attempts, and a confirmation of its leadership.
///
/// An expired lease completes once its revocation is applied; an unknown one once all committed
/// entries are applied, since its grant may be among them. Either result, seconds or not found,
/// is valid only after leadership is confirmed.
package struct LeaderRenewal: Sendable {
    package typealias Step = LeaseStep<Int64>

    package let id: LeaseID
    package let term: LeaderTerm
    private let deadline: MonotonicTime
    private var hasCaughtUp = false
    /// The result of the last attempt; nil for no such lease.
    private var seconds: Int64?

    /// How often an expired lease that is not yet revoked is retried.
    static let expiringRetryDelay = TimeSpan.milliseconds(50)

    /// It begins with an attempt.
    ///
    /// - Parameter deadline: the time from which on it is not retried.
    package init(_ id: LeaseID, in term: LeaderTerm, deadline: MonotonicTime) {
        self.id = id
        self.term = term
        self.deadline = deadline
    }

    /// Restarts the clock of the lease if possible.
    ///
    /// - Returns: nil when this member's clocks do not run.
    package func renew(in state: StateMachine) -> LeaseRenewal? {
        guard term.hasClocks(in: state) else { return nil }
        return state.lessor.renew(id, now: state.now)
    }

    /// Handles the result of an attempt.
    package mutating func handle(_ renewal: LeaseRenewal?, now: MonotonicTime) -> Step {
        switch renewal {
        case nil: return .done(.notLeading)
        case .renewed(let seconds):
            self.seconds = seconds
            return .confirm
        case .notFound:
            if hasCaughtUp { return .confirm }
            hasCaughtUp = true
            return .awaitCommitted
        case .checkpointed: return now < deadline ? .clearCheckpoint : .done(.failed(.timeout))
        case .expiring:
            guard now < deadline else { return .done(.failed(.timeout)) }
            return .pause(Self.expiringRetryDelay)
        }
    }

    /// Handles the completion of the read.
    package func confirmed(by completion: Completion) -> Step {
        term.conclude(seconds, by: completion)
    }
}

/// Renewals of one batch: they share one attempt and one confirmation.
package struct PendingRenewals: Sendable {
    package let ids: [LeaseID]
    package let term: LeaderTerm

    /// Renewals that a caller may run inline.
    private static let briefMax = 256

    package init(_ ids: [LeaseID], in term: LeaderTerm) {
        self.ids = ids
        self.term = term
    }

    /// Whether the attempt takes microseconds.
    package var isBrief: Bool { ids.count <= Self.briefMax }

    /// Restarts the clocks of the leases that are simply running.
    ///
    /// A closure that captures only the leases needs no allocation, so the term is compared
    /// afterwards.
    package static func renew(_ ids: [LeaseID], in state: StateMachine) -> Attempt {
        let seconds = ids.map { id -> Int64? in
            guard state.lessor.isPrimary,
                case .renewed(let seconds) = state.lessor.renew(id, now: state.now)
            else { return nil }
            return seconds
        }
        return Attempt(seconds: seconds, term: state.lessor.primaryTerm)
    }

    /// The seconds of each lease if the term is confirmed; nil for those that need a separate
    /// renewal.
    package func seconds(of attempt: Attempt) -> [Int64?] {
        attempt.term == term.value ? attempt.seconds : ids.map { _ in nil }
    }

    /// The result of an attempt, and the term of the clocks that it used.
    package struct Attempt: Sendable {
        let seconds: [Int64?]
        let term: Term?
    }
}
