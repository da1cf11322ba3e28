import Raft
import Replica

/// From what the replica wants to what the other stages are given.
extension ConsensusStage {
    mutating func add(
        _ effect: ReplicaEffect, _ surroundings: ConsensusSurroundings,
        into effects: inout [ConsensusEffect]
    ) {
        switch effect {
        case .install(let snapshot): effects.append(.apply(.install(snapshot), isQuiet: false))
        case .commit(let entries): effects.append(.apply(.entries(entries), isQuiet: false))
        case .write(let write, let isSingleVoterCommit):
            // A commit index that moved needs no durable write of its own: it rides with the next.
            let isQuiet = !write.mustSynchronize && write.messagesAfter.isEmpty
            effects.append(
                .log(.write(write, isSingleVoterCommit: isSingleVoterCommit), isQuiet: isQuiet))
        case .send(let messages):
            if replica.role == .leader { observe(messages, surroundings.now, into: &effects) }
            effects.append(.send(messages))
        case .sendSnapshot(let message): effects.append(.backend(.send(message)))
        case .role(let state): change(state, into: &effects)
        case .refuse(let id, let error):
            effects.append(.apply(.refused(id: id, error: Self.error(error)), isQuiet: false))
        case .readable(let index, let tickets):
            for ticket in tickets { release(ticket, at: index, surroundings, into: &effects) }
        case .unreadable(let tickets): reads.askAgain(tickets)
        case .releaseLog(let index): effects.append(.log(.release(index), isQuiet: false))
        }
    }

    mutating func observe(
        _ messages: [Message], _ now: Int64, into effects: inout [ConsensusEffect]
    ) {
        for message in messages where message.type == .heartbeat {
            let exceeded = contention.observe(message.to, atNanoseconds: now * 1_000_000)
            guard let exceeded else { continue }
            effects.append(.heartbeatLate(to: message.to, exceededNanoseconds: exceeded))
        }
    }

    mutating func change(_ state: SoftState, into effects: inout [ConsensusEffect]) {
        contention.reset()
        let term = replica.term
        let isLeader = state.role == .leader
        effects.append(.apply(.role(isLeader: isLeader, term: term.rawValue), isQuiet: false))
        effects.append(.roleChanged(state, term))
    }

    /// Reads whose index is applied go on at once, the others when the apply stage is there.
    mutating func release(
        _ ticket: ReadTicket, at index: UInt64, _ surroundings: ConsensusSurroundings,
        into effects: inout [ConsensusEffect]
    ) {
        let addresses = reads.take(ticket)
        guard !addresses.isEmpty else { return }
        guard surroundings.applied >= index else {
            effects.append(.apply(.readable(index: index, addresses), isQuiet: false))
            return
        }
        let term = replica.term.rawValue
        for address in addresses { replies.add(.readable, to: address, term: term) }
    }

    /// While no leader is known a read waits, up to its time-out, and is asked anew each tick.
    mutating func expireReads(
        _ now: Int64, into effects: inout [ConsensusEffect]
    ) throws(StepError) {
        let expired = reads.takeExpired(now)
        if !expired.isEmpty { effects.append(.readsFailed(expired.count)) }
        for address in expired {
            replies.add(.failed(.timeout), to: address, term: replica.term.rawValue)
        }
        for ticket in reads.takeUnconfirmed() {
            try replica.step(.read(ticket), into: &wanted)
        }
    }
}
