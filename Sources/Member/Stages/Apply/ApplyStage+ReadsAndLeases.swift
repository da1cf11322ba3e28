import EtcdAPI
import Identifiers
import Lease
import MonotonicClock

/// Reads, refusals and leases.
extension ApplyStage {
    mutating func refuse(
        _ id: UInt64, _ error: EtcdError?, into effects: inout [ApplyEffect]
    ) {
        guard let error, let address = waiters.take(id) else { return }
        fail([address], error, into: &effects)
    }

    mutating func release(_ index: LogIndex, _ addresses: [CompletionAddress]) {
        guard index <= progress.index else { return readers.append((index, addresses)) }
        for address in addresses { completions.add(.readable, to: address, term: term) }
    }

    mutating func releaseReaders() {
        let waiting = readers
        readers.removeAll()
        for (index, addresses) in waiting { release(index, addresses) }
    }

    mutating func changeRole(isLeader: Bool, term: Term) {
        self.term = max(self.term, term)
        if isLeader {
            leadingTerm = term
            promoteLessorIfDue()
        } else {
            leadingTerm = nil
            state.lessor.demote()
        }
    }

    /// A new leader's clocks of leases start with the first applied entry of its term: until then
    /// entries of former leaders may set leases to times that a renewal has overtaken.
    mutating func promoteLessorIfDue() {
        guard let leadingTerm, leadingTerm != promotedTerm, appliedTerm >= leadingTerm else {
            return
        }
        promotedTerm = leadingTerm
        state.lessor.promote(
            inTerm: leadingTerm, extraTime: configuration.electionTimeout,
            now: state.now)
    }

    mutating func checkDueClocks(into effects: inout [ApplyEffect]) {
        if state.now >= nextLeaseCheck { return checkClocks(into: &effects) }
        nextRevocation = .distantFuture
        if installing == nil { revokeExpired(into: &effects) }
    }

    private mutating func checkClocks(into effects: inout [ApplyEffect]) {
        nextLeaseCheck = state.now + Self.leaseCheckInterval
        for (address, error) in waiters.takeExpired(state.now) {
            fail([address], error, into: &effects)
        }
        guard installing == nil else { return }
        checkSpaceAlarm(into: &effects)
        state.lessor.forgetReported()
        revokeExpired(into: &effects)
        proposeCheckpoints(into: &effects)
    }

    /// Revokes some of the expired leases; the next ones soon, as fast as these are applied.
    private mutating func revokeExpired(into effects: inout [ApplyEffect]) {
        let free = configuration.revocationsInFlightMax - state.lessor.reportedCount
        let limit = min(configuration.revocationsPerStep, max(free, 0))
        for id in state.lessor.takeExpired(limit: limit, now: state.now) {
            effects.append(.revoke(id, asLeaderOf: promotedTerm))
        }
        nextRevocation =
            state.lessor.hasExpired(at: state.now)
            ? state.now + configuration.revocationPause : .distantFuture
    }

    mutating func proposeCheckpoints(into effects: inout [ApplyEffect]) {
        for _ in 0..<configuration.checkpointsPerCheck {
            let due = state.lessor.takeCheckpoints(
                limit: configuration.leasesPerCheckpoint, now: state.now)
            guard !due.isEmpty else { return }
            let checkpoints = due.map {
                LeaseCheckpoint(id: $0.id, remainingSeconds: $0.remainingSeconds)
            }
            effects.append(.checkpoint(checkpoints, asLeaderOf: promotedTerm))
        }
    }
}

extension ApplyInput {
    /// Whether it reads or changes the state, and so waits for one that is being received.
    var isOfState: Bool {
        switch self {
        case .entries, .install, .persisted, .readable, .role, .work, .compacted: true
        case .register, .sent, .leaderConnectionLost, .refused, .snapshotSaved, .installed: false
        }
    }

    /// The addresses that wait for its completions.
    var addresses: [CompletionAddress] {
        switch self {
        case .register(let registrations, _): registrations.map(\.address)
        case .readable(_, let addresses): addresses
        default: []
        }
    }
}
