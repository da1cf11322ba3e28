import EtcdAPI
import MonotonicClock
import Raft
import Replica
import Stages
import StateMachine

/// Runs the consensus stage and performs its effects.
extension SimulatedMember {
    func runConsensus(_ batch: [ConsensusInput]) throws {
        admission.releaseReceived(batch)
        if simulation.now - lastRunAt > .second { awakeSince = simulation.now }
        lastRunAt = simulation.now
        var batch =
            simulation.mutant == .revokesLeasesDeposed ? batch.map(\.withoutTermCheck) : batch
        if simulation.mutant == .leadsWithHungDisk, let newestWritten {
            batch.append(.replica(.written(newestWritten)))
        }
        let former = summary
        let isTransferring = !batch.isEmpty && consensus.replica.isTransferring
        let lostReadBatches = consensus.replica.lostReadBatches
        var effects: [ConsensusEffect] = []
        try consensus.run(
            batch, ConsensusContext(now: clockTime, applied: status.applied),
            isConnected: { isConnected(to: $0) }, into: &effects)
        for case .publish(let summary) in effects { self.summary = summary }
        countProbes(batch, effects, former: former, isTransferring: isTransferring)
        simulation.report.count(
            .lostReadBatches, by: consensus.replica.lostReadBatches - lostReadBatches)
        try simulation.safety.observe(self, writes: effects.writes, simulation)
        if simulation.mutant == .changesEarly { applyEarly(effects.writes) }
        for effect in effects { try perform(effect) }
    }

    private func perform(_ effect: ConsensusEffect) throws {
        switch effect {
        case .publish(let summary): status.publish(summary, now: clockTime)
        case .publishDetails(let details): status.publishDetails(details)
        case .log(let input, let isDeferrable):
            if case .write(_, isSingleVoterCommit: true) = input {
                simulation.report.count(.singleVoterCommits)
            }
            if case .write(let write, isSingleVoterCommit: false) = input,
                consensus.replica.commitsAsSingleVoter, write.snapshot == nil,
                write.entries.count > simulation.limits.singleVoterEntriesMax,
                write.entries.allSatisfy({ $0.type == .normal && $0.term == summary.term })
            {
                simulation.report.count(.singleVoterWritesTooLarge)
            }
            if case .write(let write, _) = input, write.mustSynchronize {
                newestWanted = write.number
                logWaitsSince = logWaitsSince ?? simulation.now
            }
            post(input, isDeferrable: isDeferrable)
        case .apply(let input, let isDeferrable):
            if simulation.mutant == .readsBeforeApplying, case .readable(_, let addresses) = input {
                return release(addresses)
            }
            post(input, isDeferrable: isDeferrable)
        case .backend(let input): post(input)
        case .send(let messages): try send(messages)
        case .deliverCompletions: consensus.completions.deliver()
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
    /// Membership changes take effect as soon as they are in the log.
    private func applyEarly(_ writes: [LogWrite]) {
        for entry in writes.flatMap(\.entries)
        where entry.type == .confChange && entry.index > summary.committedIndex {
            let early = ApplyProgress(
                index: 0, configurationChanges: [.single(entry.data, index: entry.index)])
            post(.replica(.applied(early)))
        }
    }

    /// A leader confirms its own leadership.
    private func confirm(_ heartbeat: Message) {
        guard heartbeat.type == .heartbeat, !heartbeat.context.isEmpty else { return }
        let response = Message(
            type: .heartbeatResponse, to: id, from: heartbeat.to, term: heartbeat.term,
            context: heartbeat.context)
        post(.received([response]))
    }

    /// Reads do not wait until their index is applied.
    private func release(_ addresses: [CompletionAddress]) {
        var completions = CompletionBatch()
        for address in addresses { completions.add(.readable, to: address, term: status.term) }
        completions.deliver()
    }
}

/// Probes.
extension SimulatedMember {
    private func countProbes(
        _ batch: [ConsensusInput], _ effects: [ConsensusEffect], former: ReplicaSummary,
        isTransferring: Bool
    ) {
        for input in batch {
            switch input {
            case .received(let messages): countProbes(messages, isTransferring: isTransferring)
            case .ownAsLeader(let term, _):
                let isDropped = summary.role != .leader || summary.term != term
                if isDropped { simulation.report.count(.deposedRevocations) }
            default: break
            }
        }
        countHeld(batch, effects)
        if consensus.replica.isApplyingPaused { simulation.report.count(.applyingBounded) }
        for case .publishDetails(let details) in effects { countLimits(details) }
        for case .publishDetails in effects
        where former.leader == nil && summary.leader == nil && !openReads.isEmpty {
            simulation.report.count(.retriedReads)
        }
    }

    private func countProbes(_ messages: [Message], isTransferring: Bool) {
        for message in messages {
            if message.type == .append, isCutForCatchUp(message) {
                simulation.report.count(.catchUpBounded)
            }
            if message.type == .propose, isTransferring { simulation.report.count(.heldForwarded) }
            if message.type == .timeoutNow, summary.role == .candidate { isAskedToCampaign = true }
        }
    }

    /// Whether committed entries follow those of an append, which only its limit keeps out.
    private func isCutForCatchUp(_ message: Message) -> Bool {
        let limits = simulation.limits.raft
        guard limits.catchUpBytesMax < limits.messageBytesMax, let last = message.entries.last
        else { return false }
        return last.index < message.commit
    }

    private func countLimits(_ details: RaftStatus) {
        let limits = simulation.limits.raft
        if details.pendingReadCount >= limits.pendingReadsMax {
            simulation.report.count(.pendingReadsBounded)
        }
        for member in details.members where member.replication == .replicate {
            guard member.areInflightsFull else { continue }
            let isFull = member.inflightCount >= limits.inflightMessagesMax
            simulation.report.count(isFull ? .windowsFull : .windowsFullOfBytes)
        }
    }

    private func countHeld(_ batch: [ConsensusInput], _ effects: [ConsensusEffect]) {
        // Proposals to hold for a leader; those over the limit are refused afterwards.
        var waiting: Set<UInt64> = []
        var (refused, refusedByLeader) = (0, 0)
        for case .apply(let input, _) in effects {
            switch input {
            case .register(let registrations, let proposals) where proposals.sent == nil:
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
    /// The writes to the log.
    fileprivate var writes: [LogWrite] {
        compactMap { effect in
            if case .log(.write(let write, _), _) = effect { write } else { nil }
        }
    }
}

extension ConsensusInput {
    /// A mutant proposes what a leader requested although it has been deposed.
    fileprivate var withoutTermCheck: ConsensusInput {
        if case .ownAsLeader(_, let proposal) = self { .own(proposal) } else { self }
    }
}
