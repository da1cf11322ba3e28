import EtcdAPI
import Lease
import Raft
import Replica
import StateMachine

/// The apply lane: applies committed entries and answers whoever waits for them.
extension SimulatedMember {
    func workOnApply() throws -> Nanoseconds? {
        guard !isInstalling else { return nil }
        state.now = milliseconds
        guard !applyInputs.isEmpty else {
            finishApplyTurn()
            return nil
        }
        try handle(applyInputs.removeFirst())
        if isInstalling { return nil }
        return simulation.timing.duration(2 * .microsecond...30 * .microsecond)
    }

    private func handle(_ input: ApplyInput) throws {
        switch input {
        case .entries(let entries): try apply(entries)
        case .install(let snapshot): install(snapshot)
        case .refused(let id):
            guard let waiter = waiters.removeValue(forKey: id) else { return }
            simulation.answer(waiter.call, .refused, from: self)
        case .readable(let index, let calls):
            guard index > progress.index else { return answer(calls) }
            waitingReads.append((index, calls))
        case .role(let isLeader, let term): changeRole(isLeader: isLeader, term: term)
        case .snapshot: requestSnapshot()
        }
    }

    /// Applies a group of entries, and leaves the rest for the next effect.
    private func apply(_ entries: [Entry]) throws {
        let count = min(entries.count, 1 + simulation.timing.number(below: 8))
        if count < entries.count { applyInputs.insert(.entries(Array(entries[count...])), at: 0) }
        let revision = state.store.newestRevision
        var answers: [(CallNumber, ApplyOutcome)] = []
        var items: [AppliedItem] = []
        try state.applyBatch {
            for entry in entries[..<count] {
                if let answer = try apply(entry, &items) { answers.append(answer) }
            }
        }
        try simulation.record.observe(items, since: revision, by: self)
        for (call, outcome) in answers { simulation.answer(call, .applied(outcome), from: self) }
    }

    private func apply(
        _ entry: Entry, _ items: inout [AppliedItem]
    ) throws -> (CallNumber, ApplyOutcome)? {
        guard entry.index.rawValue <= progress.index + 1 else {
            throw SimulationFailure("entry \(entry.index.rawValue) came behind \(progress.index)")
        }
        let isNew = entry.index.rawValue > state.appliedIndex
        let isFirst = entry.index.rawValue > simulation.states.newestIndex
        if simulation.mutant == .leaseKeepsAKey { freeAKey(of: entry) }
        let applied = try state.apply(
            CommittedEntry(
                index: entry.index.rawValue, term: entry.term.rawValue,
                kind: CommittedEntry.Kind(entry.type), data: entry.data))
        progress.index = entry.index.rawValue
        if isFirst { note(applied, entry) }
        if isNew {
            items.append(AppliedItem(entry: entry, outcome: applied))
            try simulation.states.observe(applied, entry, self, simulation)
        }
        if isFirst, let call = simulation.requestCalls.removeValue(forKey: applied.id) {
            simulation.clients.carriedOut[call] = applied.outcome
        }
        if let change = applied.change {
            progress.configurationChanges.append(mutated(change))
            simulation.membershipChanged(self)
        }
        if applied.compaction != nil {
            isCompacting = true
            wake(.backend)
        }
        if applied.wantsSnapshot { requestSnapshot() }
        guard let waiter = waiters.removeValue(forKey: applied.id) else { return nil }
        return (waiter.call, applied.outcome)
    }

    /// Counts what the first member sees happen to the cluster.
    private func note(_ applied: AppliedEntry, _ entry: Entry) {
        if entry.type == .confChangeV2 { simulation.noteJointChange(self) }
        if case .clusterVersion(let version, let previous) = applied.outcome.result {
            simulation.noteVersion(version, previous: previous)
        }
    }

    private func mutated(_ change: AppliedConfigurationChange) -> AppliedConfigurationChange {
        guard simulation.mutant == .learnersVote, case .single(let data, let index) = change,
            var decoded = ConfChange(decoding: data), decoded.type == .addLearner
        else { return change }
        decoded.type = .addVoter
        return .single(decoded.encoded, index: index)
    }

    /// A mutant lets a key of a lease that ends live on.
    private func freeAKey(of entry: Entry) {
        guard entry.type == .normal,
            let request = try? InternalRaftRequest(decoding: entry.data),
            case .leaseRevoke(let revocation) = request.payload,
            let key = state.lessor[LeaseID(rawValue: revocation.id)]?.sortedKeys.first
        else { return }
        state.lessor.detach(key)
    }

    /// Waits for the backend, which reads the new state: nothing can be applied meanwhile.
    private func install(_ snapshot: Snapshot) {
        guard snapshot.index.rawValue > progress.index else { return }
        isInstalling = true
        defragmentation = nil
        isDefragmenting = false
        post([
            .replaceDatabase(snapshot), .reloadState(snapshot),
            .removeReceived(snapshot.index.rawValue),
        ])
    }

    /// Goes on with the state that the backend has read.
    func adopt(_ snapshot: Snapshot) throws {
        guard let fresh = received else { preconditionFailure("a state was read") }
        received = nil
        let index = snapshot.index.rawValue
        state.adopt(fresh, tree: snapshot.data)
        progress.index = index
        isInstalling = false
        simulation.report.count(.snapshotsInstalled)
        try simulation.states.observe(installed: self)
        simulation.membershipChanged(self)
        wake(.apply)
    }

    private func answer(_ calls: [CallNumber]) {
        for call in calls { simulation.answer(call, .readable, from: self) }
    }

    private func changeRole(isLeader: Bool, term: UInt64) {
        if isLeader {
            leadingTerm = term
            state.lessor.promote(
                extensionMilliseconds: Self.electionMilliseconds, now: state.now)
            simulation.record.leases.promoted(at: simulation.now)
        } else {
            state.lessor.demote()
        }
    }

    private func requestSnapshot() {
        let request = state.snapshotRequest()
        ownSnapshots += 1
        if simulation.mutant == .cutsLogEarly {
            logInputs.append(.release(LogIndex(request.index)))
            wake(.log)
        }
        post(
            BackendStep.persist + [
                .saveSnapshot(request), .noteSnapshot(request), .purgeSnapshots,
            ])
    }

    private func finishApplyTurn() {
        waitingReads.removeAll { waiting in
            guard waiting.index <= progress.index else { return false }
            answer(waiting.calls)
            return true
        }
        if state.now >= nextLeaseCheck { checkClocks() }
        guard progress.index > reportedIndex else { return }
        reportedIndex = progress.index
        if progress.configurationChanges.isEmpty {
            postQuietly(.applied(progress))
        } else {
            // Another quorum has to be heard from now on.
            leadsSince = simulation.now
            post(.input(.applied(progress)))
        }
        progress.configurationChanges.removeAll()
    }

    /// Renews a lease as the leader's calls do; nil when this member does not lead, or the lease is
    /// about to end.
    func renew(_ lease: Int64) -> Int64? {
        state.now = milliseconds
        guard state.lessor.isPrimary, !isInstalling else { return nil }
        let id = LeaseID(rawValue: lease)
        if simulation.mutant == .ignoresRenewals, let known = state.lessor[id] {
            return known.grantedSeconds
        }
        return switch state.lessor.renew(id, now: state.now) {
        case .renewed(let seconds): seconds
        case .notFound, .expiring, .checkpointed: nil
        }
    }

    private func checkClocks() {
        nextLeaseCheck = state.now + Self.leaseCheckMilliseconds
        let isLazy = simulation.mutant == .leasesNeverEnd
        let early: Int64 = simulation.mutant == .leasesEndEarly ? 1_200 : 0
        let expired = state.lessor.takeExpired(limit: isLazy ? 0 : 500, now: state.now + early)
        for id in expired {
            simulation.report.count(.leasesExpired)
            post(
                .proposeAsLeader(
                    term: leadingTerm, field: InternalRaftRequest.Field.leaseRevoke,
                    payload: LeaseRevokeRequest(id: id.rawValue).encoded()))
        }
        for id in waiters.keys.sorted() {
            guard let waiter = waiters[id], waiter.deadline <= state.now else { continue }
            waiters[id] = nil
            simulation.answer(waiter.call, .lost, from: self)
        }
    }
}

extension CommittedEntry.Kind {
    fileprivate init(_ type: EntryType) {
        switch type {
        case .normal: self = .request
        case .confChange: self = .memberChange
        case .confChangeV2: self = .generalChange
        }
    }
}
