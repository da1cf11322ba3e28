import Identifiers
import MonotonicClock
import Raft
import Replica

/// Translates effects of the replica into inputs of the other stages.
extension ConsensusStage {
    mutating func add(
        _ effect: ReplicaEffect, _ context: ConsensusContext,
        into effects: inout [ConsensusEffect]
    ) {
        switch effect {
        case .install(let snapshot): effects.append(.apply(.install(snapshot), isDeferrable: false))
        case .commit(let entries): effects.append(.apply(.entries(entries), isDeferrable: false))
        case .write(let write, let isSingleVoterCommit):
            // A changed commit index needs no durable write of its own: it is written with the next
            // one.
            let isDeferrable = !write.mustSynchronize && write.messagesAfter.isEmpty
            effects.append(
                .log(
                    .write(write, isSingleVoterCommit: isSingleVoterCommit),
                    isDeferrable: isDeferrable))
        case .send(let messages):
            if replica.role == .leader { observe(messages, context.now, into: &effects) }
            effects.append(.send(messages))
        case .sendSnapshot(let message): effects.append(.backend(.send(message)))
        case .role(let state): change(state, into: &effects)
        case .refuse(let id, let error):
            effects.append(.apply(.refused(id: id, error: Self.error(error)), isDeferrable: false))
        case .readable(let index, let requests):
            for request in requests { release(request, at: index, context, into: &effects) }
        case .unreadable(let requests): reads.retry(requests)
        case .releaseLog(let index): effects.append(.log(.release(index), isDeferrable: false))
        }
    }

    mutating func observe(
        _ messages: [Message], _ now: MonotonicTime, into effects: inout [ConsensusEffect]
    ) {
        for message in messages where message.type == .heartbeat {
            let exceeded = contention.observe(message.to, at: now)
            guard let exceeded else { continue }
            effects.append(.heartbeatLate(to: message.to, by: exceeded))
        }
    }

    mutating func change(_ state: SoftState, into effects: inout [ConsensusEffect]) {
        contention.reset()
        let term = replica.term
        let isLeader = state.role == .leader
        effects.append(.apply(.role(isLeader: isLeader, term: term), isDeferrable: false))
        effects.append(.roleChanged(state, term))
    }

    /// Reads whose index is applied complete at once, the others once the apply stage reaches it.
    mutating func release(
        _ request: ReadRequestID, at index: LogIndex, _ context: ConsensusContext,
        into effects: inout [ConsensusEffect]
    ) {
        let addresses = reads.take(request)
        guard !addresses.isEmpty else { return }
        guard context.applied >= index else {
            effects.append(.apply(.readable(index: index, addresses), isDeferrable: false))
            return
        }
        let term = replica.term
        for address in addresses { completions.add(.readable, to: address, term: term) }
    }

    /// While no leader is known a read waits, up to its timeout, and is retried at each tick.
    mutating func expireReads(
        _ now: MonotonicTime, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        let expired = reads.takeExpired(now)
        if !expired.isEmpty { effects.append(.readsFailed(expired.count)) }
        for address in expired {
            completions.add(.failed(.timeout), to: address, term: replica.term)
        }
        for request in reads.takeUnconfirmed() {
            try replica.step(.read(request), into: &wanted)
        }
    }
}
