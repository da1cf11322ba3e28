import EtcdAPI
import Raft
import Replica
import Stages
import StateMachine

/// Runs the consensus stage and carries its effects to their places.
extension SimulatedMember {
    func turnOfConsensus(_ batch: [ConsensusInput]) throws {
        admission.noteTaken(batch)
        if simulation.now - lastTurnAt > .second { awakeSince = simulation.now }
        lastTurnAt = simulation.now
        var batch = simulation.mutant == .endsLeasesDeposed ? batch.map(\.freed) : batch
        if simulation.mutant == .leadsHung, let newestWritten {
            batch.append(.replica(.written(newestWritten)))
        }
        let former = standing
        let isTransferring = !batch.isEmpty && consensus.replica.isTransferring
        let lostRounds = consensus.replica.lostRounds
        var effects: [ConsensusEffect] = []
        try consensus.turn(
            batch, ConsensusSurroundings(now: milliseconds, applied: status.applied),
            isConnected: { isConnected(to: $0) }, into: &effects)
        for case .publish(let standing) in effects { self.standing = standing }
        note(batch, effects, former: former, isTransferring: isTransferring)
        simulation.report.count(.lostRounds, by: consensus.replica.lostRounds - lostRounds)
        try simulation.safety.observe(self, writes: effects.writes, simulation)
        if simulation.mutant == .changesEarly { applyEarly(effects.writes) }
        for effect in effects { try perform(effect) }
    }

    private func perform(_ effect: ConsensusEffect) throws {
        switch effect {
        case .publish(let standing): status.publish(standing, now: milliseconds)
        case .publishDetails(let details): status.publishDetails(details)
        case .log(let input, let isQuiet):
            if case .write(_, isSingleVoterCommit: true) = input {
                simulation.report.count(.singleVoterCommits)
            }
            if case .write(let write, _) = input, write.mustSynchronize {
                newestWanted = write.number
                logWaitsSince = logWaitsSince ?? simulation.now
            }
            post(input, isQuiet: isQuiet)
        case .apply(let input, let isQuiet):
            if simulation.mutant == .readsBeforeApplying, case .readable(_, let addresses) = input {
                return release(addresses)
            }
            post(input, isQuiet: isQuiet)
        case .backend(let input): post(input)
        case .send(let messages): try send(messages)
        case .deliverReplies: consensus.replies.deliver()
        case .heartbeatLate: simulation.report.count(.heartbeatsLate)
        case .roleChanged, .readsFailed, .inspected: break
        }
    }

    private func send(_ messages: [Message]) throws {
        for message in messages {
            if simulation.mutant == .readsWithoutQuorum { confirm(message) }
            try simulation.safety.observe(sending: message, by: self)
            simulation.send(message, from: host)
        }
    }
}

/// Mutants.
extension SimulatedMember {
    /// Changes of the membership take effect as soon as they are in the log.
    private func applyEarly(_ writes: [LogWrite]) {
        for entry in writes.flatMap(\.entries)
        where entry.type == .confChange && entry.index > standing.committedIndex {
            let early = ApplyProgress(
                index: 0, configurationChanges: [.single(entry.data, index: entry.index.rawValue)])
            post(.replica(.applied(early)))
        }
    }

    /// A leader answers its own question whether it still leads.
    private func confirm(_ heartbeat: Message) {
        guard heartbeat.type == .heartbeat, !heartbeat.context.isEmpty else { return }
        let answer = Message(
            type: .heartbeatResponse, to: id, from: heartbeat.to, term: heartbeat.term,
            context: heartbeat.context)
        post(.received([answer]))
    }

    /// Reads do not wait until their index is applied.
    private func release(_ addresses: [ReplyAddress]) {
        var replies = ReplyBatch()
        for address in addresses { replies.add(.readable, to: address, term: status.term) }
        replies.deliver()
    }
}

/// Probes.
extension SimulatedMember {
    private func note(
        _ batch: [ConsensusInput], _ effects: [ConsensusEffect], former: Standing,
        isTransferring: Bool
    ) {
        for input in batch {
            switch input {
            case .received(let messages): note(messages, isTransferring: isTransferring)
            case .ownAsLeader(let term, _):
                let isDropped = standing.role != .leader || standing.term.rawValue != term
                if isDropped { simulation.report.count(.deposedEndings) }
            default: break
            }
        }
        noteHeld(batch, effects)
        if consensus.replica.holdsCommittedBack { simulation.report.count(.applyingBounded) }
        for case .publishDetails(let details) in effects { noteBounds(details) }
        for case .publishDetails in effects
        where former.leader == nil && standing.leader == nil && !openReads.isEmpty {
            simulation.report.count(.retriedReads)
        }
    }

    private func note(_ messages: [Message], isTransferring: Bool) {
        for message in messages {
            if message.type == .propose, isTransferring { simulation.report.count(.heldForwarded) }
            if message.type == .timeoutNow, standing.role == .candidate { isToldToCampaign = true }
        }
    }

    private func noteBounds(_ details: RaftStatus) {
        let limits = simulation.limits.raft
        if details.pendingReadCount >= limits.maxPendingReads {
            simulation.report.count(.pendingReadsBounded)
        }
        for member in details.members where member.replication == .replicate {
            guard member.isWindowFull else { continue }
            let isFull = member.inflightCount >= limits.maxInflightMessages
            simulation.report.count(isFull ? .windowsFull : .windowsFullOfBytes)
        }
    }

    private func noteHeld(_ batch: [ConsensusInput], _ effects: [ConsensusEffect]) {
        // What is to wait for a leader; what finds no room is refused behind.
        var waiting: Set<UInt64> = []
        var (refused, refusedByLeader) = (0, 0)
        for case .apply(let input, _) in effects {
            switch input {
            case .expect(let registrations, let proposals) where proposals.sent == nil:
                waiting.formUnion(registrations.map(\.id))
            case .refused(let id, .tooManyRequests) where waiting.remove(id) != nil: refused += 1
            case .refused(_, .tooManyRequests): refusedByLeader += 1
            default: break
            }
        }
        simulation.report.count(.heldRefused, by: refused)
        if let bound = simulation.limits.raft.refusal {
            simulation.report.count(bound, by: refusedByLeader)
        }
        simulation.report.count(.heldProposals, by: waiting.count)
        guard !waiting.isEmpty else { return }
        for case .requests(let requests) in batch {
            for case .changeMembership(let id, _, _) in requests where waiting.contains(id) {
                simulation.report.count(.heldChanges)
            }
        }
    }
}

extension [ConsensusEffect] {
    /// What goes to the log.
    fileprivate var writes: [LogWrite] {
        compactMap { effect in
            if case .log(.write(let write, _), _) = effect { write } else { nil }
        }
    }
}

extension ConsensusInput {
    /// A mutant proposes what a leader wanted although it has been deposed.
    fileprivate var freed: ConsensusInput {
        if case .ownAsLeader(_, let proposal) = self { .own(proposal) } else { self }
    }
}
