package import Auth
package import EtcdAPI
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

    package let request: RenewalRequest
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
    package init(_ request: RenewalRequest, in term: LeaderTerm, deadline: MonotonicTime) {
        self.request = request
        self.term = term
        self.deadline = deadline
    }

    /// Restarts the clock of the lease if possible and permitted.
    package func renew(in state: StateMachine) -> RenewalAttempt {
        guard term.hasClocks(in: state) else { return .noClocks }
        return request.attempt(in: state)
    }

    /// Handles the result of an attempt.
    package mutating func handle(_ attempt: RenewalAttempt, now: MonotonicTime) -> Step {
        switch attempt {
        case .noClocks: .done(.notLeading)
        case .refused(let error): .done(.failed(error))
        case .made(let renewal): handle(renewal, now: now)
        }
    }

    private mutating func handle(_ renewal: LeaseRenewal, now: MonotonicTime) -> Step {
        switch renewal {
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

/// A lease to be renewed, and on whose behalf.
package struct RenewalRequest: Sendable {
    package let id: LeaseID
    package let identity: Identity

    package init(_ id: LeaseID, by identity: Identity) {
        self.id = id
        self.identity = identity
    }

    /// Restarts the clock of the lease if possible and permitted.
    fileprivate func attempt(in state: StateMachine) -> RenewalAttempt {
        do throws(EtcdError) {
            try state.requireRenewal(of: id, by: identity)
        } catch {
            return .refused(error)
        }
        return .made(state.lessor.renew(id, now: state.now))
    }

    /// Whether an attempt may take long: all keys of the lease are checked for a user.
    fileprivate var checksKeys: Bool {
        switch identity {
        case .none, .server: false
        case .user, .certificate: true
        }
    }
}

/// The result of an attempt to renew a lease.
package enum RenewalAttempt: Sendable {
    /// This member's clocks do not run.
    case noClocks
    case refused(EtcdError)
    case made(LeaseRenewal)
}

/// Renewals of one batch: they share one attempt and one confirmation.
package struct PendingRenewals: Sendable {
    package let requests: [RenewalRequest]
    package let term: LeaderTerm

    /// Renewals that a caller may run inline.
    private static let briefMax = 256

    package init(_ requests: [RenewalRequest], in term: LeaderTerm) {
        self.requests = requests
        self.term = term
    }

    /// Whether the attempt takes microseconds.
    package var isBrief: Bool { Self.isBrief(requests) }

    /// Whether an attempt for these, or a check of their permissions, takes microseconds.
    package static func isBrief(_ requests: [RenewalRequest]) -> Bool {
        requests.count <= briefMax && !requests.contains(where: \.checksKeys)
    }

    /// Which of the leases their callers may renew.
    package static func permitted(_ requests: [RenewalRequest], in state: StateMachine) -> [Bool] {
        requests.map { request in
            (try? state.requireRenewal(of: request.id, by: request.identity)) != nil
        }
    }

    /// Restarts the clocks of the leases that are simply running, and that their callers may renew.
    ///
    /// A closure that captures only the requests needs no allocation, so the term is compared
    /// afterwards.
    package static func renew(
        _ requests: [RenewalRequest], in state: StateMachine
    ) -> Attempt {
        let seconds = requests.map { request -> Int64? in
            guard state.lessor.isPrimary,
                case .made(.renewed(let seconds)) = request.attempt(in: state)
            else { return nil }
            return seconds
        }
        return Attempt(seconds: seconds, term: state.lessor.primaryTerm)
    }

    /// The seconds of each lease if the term is confirmed; nil for those that need a separate
    /// renewal.
    package func seconds(of attempt: Attempt) -> [Int64?] {
        attempt.term == term.value ? attempt.seconds : requests.map { _ in nil }
    }

    /// The result of an attempt, and the term of the clocks that it used.
    package struct Attempt: Sendable {
        let seconds: [Int64?]
        let term: Term?
    }
}
