import EtcdAPI
import Identifiers
import MonotonicClock
import Raft
import Replica

/// Proposals.
extension ConsensusStage {
    mutating func propose(
        _ now: MonotonicTime, _ isConnected: (MemberID) -> Bool,
        into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        if !held.isEmpty { held.dropExpired(now) }
        takeLeaderProposals()
        guard !proposals.isEmpty || !membershipChanges.isEmpty || !held.isEmpty else { return }
        let destination = destination(isConnected)
        if let destination { try releaseHeld(to: destination, into: &effects) }
        let deadline = now + configuration.requestTimeout
        let batch = register(deadline, destination, into: &effects)
        if !proposals.isEmpty {
            if destination != nil {
                try replica.step(.propose(proposals), into: &wanted)
            } else {
                hold(.proposals(proposals), batch, deadline, ids: proposals.map(\.id), &effects)
            }
            proposals.removeAll(keepingCapacity: true)
        }
        for (id, change) in membershipChanges {
            if destination != nil {
                try replica.step(.changeMembership(id: id, change), into: &wanted)
            } else {
                hold(.membershipChange(id: id, change), batch, deadline, ids: [id], &effects)
            }
        }
        membershipChanges.removeAll(keepingCapacity: true)
    }

    /// The leader that accepts proposals now; nil without a leader, if the leader is unreachable,
    /// or if it is transferring leadership.
    func destination(_ isConnected: (MemberID) -> Bool) -> SentProposals? {
        guard replica.takesProposals, let leader = replica.leader else { return nil }
        guard leader == replica.id || isConnected(leader) else { return nil }
        return SentProposals(term: replica.term, leader: leader)
    }

    /// Registers the waiting proposals with the apply stage. Their entries are posted later, and
    /// wake the stage.
    mutating func register(
        _ deadline: MonotonicTime, _ destination: SentProposals?,
        into effects: inout [ConsensusEffect]
    ) -> ProposalBatchNumber? {
        guard !registrations.isEmpty else { return nil }
        defer { nextBatch += 1 }
        let batch = ProposalBatch(number: nextBatch, deadline: deadline, sent: destination)
        effects.append(.apply(.register(registrations, batch), isDeferrable: true))
        registrations.removeAll()
        return nextBatch
    }

    mutating func hold(
        _ item: HeldProposals.Held, _ batch: ProposalBatchNumber?, _ deadline: MonotonicTime,
        ids: [UInt64], _ effects: inout [ConsensusEffect]
    ) {
        guard !held.add(item, batch: batch, deadline: deadline) else { return }
        for id in ids {
            effects.append(.apply(.refused(id: id, error: .tooManyRequests), isDeferrable: false))
        }
    }

    mutating func releaseHeld(
        to destination: SentProposals, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        for item in held.takeAll() {
            if let batch = item.batch {
                effects.append(.apply(.sent(batch, destination), isDeferrable: true))
            }
            switch item.held {
            case .proposals(let proposals):
                try replica.step(.propose(proposals), into: &wanted)
            case .membershipChange(let id, let change):
                try replica.step(.changeMembership(id: id, change), into: &wanted)
            case .forwarded(let message): try replica.step(.message(message), into: &wanted)
            }
        }
    }

    /// Proposals made as a leader are proposed only while leading in that term: a paused member may
    /// have been deposed without knowing, and its successor may have newer information.
    mutating func takeLeaderProposals() {
        guard !leaderProposals.isEmpty else { return }
        if replica.role == .leader, replica.takesProposals {
            for (term, proposal) in leaderProposals where term == replica.term {
                proposals.append(proposal)
            }
        }
        leaderProposals.removeAll(keepingCapacity: true)
    }

    static func error(_ error: ProposalError) -> EtcdError? {
        switch error {
        case .tooManyUncommittedBytes, .tooManyPendingReads: .tooManyRequests
        case .noLeader, .leaderTransferring, .notMember: nil
        case .configurationChangePending, .configurationIsJoint, .configurationIsNotJoint,
            .malformedConfigurationChange:
            .proposalDropped
        }
    }
}
