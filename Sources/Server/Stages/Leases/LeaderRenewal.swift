package import Lease
package import StateMachine

/// What a leader does to renew one lease: looks, as often as it takes, and has its lead confirmed.
///
/// A lease that is over is answered once its revocation is applied; one that nobody knows, once
/// everything committed is applied, since its grant may be there. Both answers, the seconds and
/// that there is no such lease, count only for a confirmed leader.
package struct LeaderRenewal: Sendable {
    package typealias Step = LeaseStep<Int64>

    package let id: LeaseID
    package let term: LedTerm
    private let deadline: Int64
    private var hasCaughtUp = false
    /// What the last look gave; nil for no such lease.
    private var seconds: Int64?

    /// How often a lease that is over but not yet revoked is looked at.
    static let expiringRetryMilliseconds: Int64 = 50

    /// It begins with a look.
    ///
    /// - Parameter deadline: monotonic milliseconds, from which on no further look is worth it.
    package init(_ id: LeaseID, in term: LedTerm, deadline: Int64) {
        self.id = id
        self.term = term
        self.deadline = deadline
    }

    /// What a look does: it starts the clock again, if it can be.
    ///
    /// - Returns: nil when this member's clocks do not run.
    package func look(at state: StateMachine) -> LeaseRenewal? {
        guard term.hasClocks(in: state) else { return nil }
        return state.lessor.renew(id, now: state.now)
    }

    /// A look gave this.
    package mutating func looked(_ found: LeaseRenewal?, now: Int64) -> Step {
        switch found {
        case nil: return .done(.notLeading)
        case .renewed(let seconds):
            self.seconds = seconds
            return .confirm
        case .notFound:
            if hasCaughtUp { return .confirm }
            hasCaughtUp = true
            return .awaitCommitted
        case .checkpointed: return now < deadline ? .takeBackCheckpoint : .done(.failed(.timeout))
        case .expiring:
            guard now < deadline else { return .done(.failed(.timeout)) }
            return .pause(milliseconds: Self.expiringRetryMilliseconds)
        }
    }

    /// The read was answered.
    package func confirmed(by reply: Reply) -> Step { term.settled(seconds, by: reply) }
}

/// Renewals that came together: they share one look and one confirmation.
package struct GatheredRenewals: Sendable {
    package let ids: [LeaseID]
    package let term: LedTerm

    /// Renewals that one turn of a guest may have.
    private static let briefMax = 256

    package init(_ ids: [LeaseID], in term: LedTerm) {
        self.ids = ids
        self.term = term
    }

    /// Whether the look takes microseconds.
    package var isBrief: Bool { ids.count <= Self.briefMax }

    /// Starts the clocks again, of those leases whose clocks simply run.
    ///
    /// Work that holds the leases alone needs no allocation, so the term is compared afterwards.
    package static func look(for ids: [LeaseID], at state: StateMachine) -> Look {
        let seconds = ids.map { id -> Int64? in
            guard state.lessor.isPrimary,
                case .renewed(let seconds) = state.lessor.renew(id, now: state.now)
            else { return nil }
            return seconds
        }
        return Look(seconds: seconds, term: state.lessor.primaryTerm)
    }

    /// The seconds that each has if the term is confirmed; nil for those that take a renewal of
    /// their own.
    package func seconds(of look: Look) -> [Int64?] {
        look.term == term.rawValue ? look.seconds : ids.map { _ in nil }
    }

    /// What a look gave, and the term whose clocks were looked at.
    package struct Look: Sendable {
        let seconds: [Int64?]
        let term: UInt64?
    }
}
