import EtcdAPI
import Raft
import Replica
import StateMachine

/// The consensus lane: all that waits goes to the replica, then its effects go to the others.
extension SimulatedMember {
    func workOnConsensus() throws -> Nanoseconds? {
        try turn()
        return inputs.isEmpty ? nil : .microsecond
    }

    /// One turn, at a tick or because something came.
    func turn() throws {
        effects.removeAll()
        let batch = inputs
        inputs.removeAll(keepingCapacity: true)
        for input in batch { try handle(input) }
        try campaignIfAlone()
        try propose()
        try tickIfDue()
        replica.takeEffects(into: &effects)
        look()
        if simulation.mutant == .changesEarly { try applyEarly() }
        try simulation.safety.observe(self, simulation)
        try perform()
    }

    private func handle(_ input: ConsensusInput) throws {
        switch input {
        case .input(let input): try replica.step(input, into: &effects)
        case .received(let message):
            try replica.step(.message(message), into: &effects)
            if message.type == .timeoutNow, replica.role == .candidate { isToldToCampaign = true }
        case .propose(let field, let payload, let call):
            let proposal = wrap(field, payload)
            expect(proposal.id, call)
            proposals.append(proposal)
            if simulation.mutant == .proposesTwice, replica.role == .follower {
                proposals.append(proposal)
            }
        case .proposeAsLeader(let term, let field, let payload):
            leaderProposals.append((term, wrap(field, payload)))
        case .read(let call):
            guard simulation.mutant != .readsWithoutRound else {
                return simulation.answer(call, .readable, from: self)
            }
            gather(call)
        case .changeMembership(let type, let member, let context, let call):
            let id = takeRequestNumber()
            expect(id, call)
            let change = ConfChange(id: id, type: type, member: member, context: context)
            try replica.step(.changeMembership(id: id, change), into: &effects)
        }
    }

    /// A mutant lets changes of the membership take effect as soon as they are in the log.
    private func applyEarly() throws {
        let entries = effects.writes.flatMap(\.entries)
        for entry in entries where entry.type == .confChange && entry.index > replica.committedIndex
        {
            var early = ApplyProgress(index: 0)
            early.configurationChanges = [.single(entry.data, index: entry.index.rawValue)]
            try replica.step(.applied(early), into: &effects)
        }
    }

    private func expect(_ id: UInt64, _ call: CallNumber?) {
        guard let call else { return }
        simulation.requestCalls[id] = call
        waiters[id] = (call, milliseconds + Self.requestTimeoutMilliseconds)
    }

    private func wrap(_ field: UInt32, _ payload: [UInt8]) -> NumberedProposal {
        let id = takeRequestNumber()
        let data = payload.withUnsafeBytes { bytes in
            InternalRaftRequest.wrap(id: id, field: field, payload: bytes)
        }
        return NumberedProposal(id: id, data: data)
    }

    /// What this member wanted as a leader it proposes as that leader only.
    private func takeLeaderProposals() {
        guard !leaderProposals.isEmpty else { return }
        let isFree = simulation.mutant == .endsLeasesDeposed
        if isFree || (replica.role == .leader && replica.takesProposals) {
            for (term, proposal) in leaderProposals where isFree || term == replica.term.rawValue {
                proposals.append(proposal)
            }
        } else {
            simulation.report.count(.deposedEndings, by: leaderProposals.count)
        }
        leaderProposals.removeAll(keepingCapacity: true)
    }

    private func campaignIfAlone() throws {
        guard advancesElection, replica.canCampaign else { return }
        advancesElection = false
        guard replica.isLoneVoter else { return }
        try replica.step(.campaign, into: &effects)
    }

    private func gather(_ call: CallNumber) {
        readers[nextTicket, default: Reader(calls: [], deadline: readDeadline)].calls.append(call)
    }

    private var readDeadline: Int64 { milliseconds + Self.requestTimeoutMilliseconds }

    private func propose() throws {
        try releaseHeld()
        takeLeaderProposals()
        if !proposals.isEmpty {
            if takesProposals {
                try replica.step(.propose(proposals), into: &effects)
            } else {
                simulation.report.count(.heldProposals, by: proposals.count)
                held.append((proposals, milliseconds + Self.requestTimeoutMilliseconds))
            }
            proposals.removeAll(keepingCapacity: true)
        }
        if readers[nextTicket] != nil {
            try replica.step(.read(nextTicket), into: &effects)
            nextTicket += 1
        }
    }

    /// A proposal that is sent to a leader which cannot be reached would be lost.
    private var takesProposals: Bool {
        guard replica.takesProposals, let leader = replica.leader else { return false }
        return leader == id || simulation.isConnected(host, to: leader)
    }

    private func releaseHeld() throws {
        guard !held.isEmpty else { return }
        held.removeAll { $0.deadline <= milliseconds }
        guard takesProposals else { return }
        for waiting in held { try replica.step(.propose(waiting.proposals), into: &effects) }
        held.removeAll()
    }

    /// Several ticks that are due at once count once.
    private func tickIfDue() throws {
        let now = milliseconds
        guard now >= nextTick else { return }
        try replica.step(.tick, into: &effects)
        nextTick = max(nextTick + host.tickMilliseconds, now + 1)
        expireReaders(now)
        if replica.takeSnapshotRequest() != nil { post(.snapshot) }
    }
}

/// What the replica wants done.
extension SimulatedMember {
    private func perform() throws {
        if !effects.soleWrites.isEmpty { postCommitted() }
        for write in effects.writes { post(write) }
        try send()
        if let state = effects.softState {
            post(.role(isLeader: state.role == .leader, term: replica.term.rawValue))
        }
        if let snapshot = effects.installation { post(.install(snapshot)) }
        postCommitted()
        for refused in effects.refused where Self.isFinal(refused.error) {
            post(.refused(id: refused.id))
        }
        for readable in effects.readable {
            let calls = readable.tickets.compactMap { readers.removeValue(forKey: $0) }
                .flatMap(\.calls)
            release(calls, at: readable.index)
        }
        for ticket in effects.unreadable where readers[ticket] != nil { retries.append(ticket) }
        if let index = effects.releasedLog {
            logInputs.append(.release(index))
            wake(.log)
        }
    }

    /// Whether a refused proposal will never come through by itself.
    private static func isFinal(_ error: ProposalError) -> Bool {
        switch error {
        case .noLeader, .leaderTransferring, .notMember: false
        default: true
        }
    }

    private func postCommitted() {
        guard !effects.committed.isEmpty else { return }
        post(.entries(effects.committed))
        effects.committed.removeAll(keepingCapacity: true)
    }

    private func post(_ write: LogWrite) {
        let isSole = effects.soleWrites.contains(write.number)
        if isSole { simulation.report.count(.soleWrites) }
        logInputs.append(.write(write, isSole: isSole))
        if write.mustSynchronize || !write.messagesAfter.isEmpty { wake(.log) }
    }

    private func send() throws {
        for message in effects.messages {
            if simulation.mutant == .readsWithoutQuorum { confirm(message) }
            try simulation.safety.observe(sending: message, by: self)
            if message.type == .snapshot {
                post(BackendStep.persist + [.send(message)])
            } else {
                simulation.send(message, from: host)
            }
        }
    }

    /// A mutant answers its own question whether it still leads.
    private func confirm(_ heartbeat: Message) {
        guard heartbeat.type == .heartbeat, !heartbeat.context.isEmpty else { return }
        let answer = Message(
            type: .heartbeatResponse, to: id, from: heartbeat.to, term: heartbeat.term,
            context: heartbeat.context)
        post(.received(answer))
    }

    private func release(_ calls: [CallNumber], at index: UInt64) {
        let isEarly = simulation.mutant == .readsBeforeApplying
        guard progress.index >= index || isEarly else {
            return post(.readable(index: index, calls))
        }
        for call in calls { simulation.answer(call, .readable, from: self) }
    }

    private func expireReaders(_ now: Int64) {
        let again = retries
        retries.removeAll()
        for ticket in again {
            guard let reader = readers[ticket] else { continue }
            if reader.deadline <= now {
                fail(ticket, reader)
            } else {
                simulation.report.count(.retriedReads)
                post(.input(.read(ticket)))
            }
        }
        for ticket in readers.keys.sorted() where ticket != nextTicket {
            if let reader = readers[ticket], reader.deadline <= now { fail(ticket, reader) }
        }
    }

    private func fail(_ ticket: ReadTicket, _ reader: Reader) {
        readers[ticket] = nil
        for call in reader.calls { simulation.answer(call, .lost, from: self) }
    }
}
