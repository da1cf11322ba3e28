import EtcdAPI
import Lease

/// Reads, refusals and leases.
extension ApplyStage {
    mutating func refuse(
        _ id: UInt64, _ error: EtcdError?, into effects: inout [ApplyEffect]
    ) {
        guard let error, let address = waiters.take(id) else { return }
        fail([address], error, into: &effects)
    }

    mutating func release(_ index: UInt64, _ addresses: [ReplyAddress]) {
        guard index <= progress.index else { return readers.append((index, addresses)) }
        for address in addresses { replies.add(.readable, to: address, term: term) }
    }

    mutating func answerReaders() {
        let waiting = readers
        readers.removeAll()
        for (index, addresses) in waiting { release(index, addresses) }
    }

    mutating func changeRole(isLeader: Bool, term: UInt64) {
        self.term = max(self.term, term)
        if isLeader {
            leadingTerm = term
            promoteIfSettled()
        } else {
            leadingTerm = nil
            state.lessor.demote()
        }
    }

    /// A new leader's clocks of leases start with the first applied entry of its term: up to then
    /// entries of former leaders may say of leases what is overtaken by a renewal.
    mutating func promoteIfSettled() {
        guard let leadingTerm, leadingTerm != promotedTerm, appliedTerm >= leadingTerm else {
            return
        }
        promotedTerm = leadingTerm
        state.lessor.promote(
            inTerm: leadingTerm, extensionMilliseconds: settings.electionMilliseconds,
            now: state.now)
    }

    mutating func checkClocks(into effects: inout [ApplyEffect]) {
        nextLeaseCheck = state.now + Self.leaseCheckMilliseconds
        for (address, error) in waiters.takeExpired(state.now) {
            fail([address], error, into: &effects)
        }
        guard installing == nil else { return }
        for id in state.lessor.takeExpired(limit: settings.revocationsPerCheck, now: state.now) {
            effects.append(.revoke(id, asLeaderOf: promotedTerm))
        }
        proposeCheckpoints(into: &effects)
    }

    mutating func proposeCheckpoints(into effects: inout [ApplyEffect]) {
        for _ in 0..<settings.checkpointsPerCheck {
            let due = state.lessor.takeCheckpoints(
                limit: settings.leasesPerCheckpoint, now: state.now)
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
        case .expect, .sent, .leaderConnectionLost, .refused, .snapshotSaved, .installed: false
        }
    }

    /// Who waits for what comes of it.
    var addresses: [ReplyAddress] {
        switch self {
        case .expect(let registrations, _): registrations.map(\.address)
        case .readable(_, let addresses): addresses
        default: []
        }
    }
}
