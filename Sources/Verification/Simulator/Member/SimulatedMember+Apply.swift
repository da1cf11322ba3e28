import EtcdAPI
import Lease
import Raft
import Replica
import Stages
import StateMachine

/// Runs the apply stage and carries its effects to their places.
extension SimulatedMember {
    func turnOfApply(_ batch: [ApplyInput], isUnhurried: Bool) throws {
        if simulation.mutant == .leaseKeepsAKey { freeKeys(of: batch) }
        let surroundings = ApplySurroundings(now: milliseconds, isUnhurried: isUnhurried)
        var effects: [ApplyEffect] = []
        try apply.turn(
            batch, surroundings, isConnected: { isConnected(to: $0) }, observer: self,
            into: &effects)
        if let failure { throw failure }
        try judgeApplied()
        notePromotion()
        status.notePending(apply.pendingProposals)
        noteBounds(effects)
        for effect in effects { try perform(effect) }
        if simulation.mutant == .leasesEndEarly { endLeasesEarly() }
    }

    private func perform(_ effect: ApplyEffect) throws {
        switch effect {
        case .applied(let index, _): status.noteApplied(index)
        case .progress(let progress, let isQuiet): report(progress, isQuiet: isQuiet)
        case .revoke(let lease, let term): revoke(lease, asLeaderOf: term)
        case .checkpoint(let leases, let term):
            simulation.report.count(.leaseCheckpoints, by: leases.count)
            post(.ownAsLeader(term: term, admission.checkpoint(of: leases)))
        case .backend(let input): hand(input)
        case .raiseSpaceAlarm: raiseSpaceAlarm()
        case .spaceAlarm(let isActive): admission.noteSpaceAlarm(isActive: isActive)
        case .membershipChanged(let membership):
            status.noteRole(isLearner: membership.local?.isLearner)
            simulation.membershipChanged(self)
        case .wakeWatchers, .proposalsFailed: break
        case .snapshotInstalled(let index, _, _): try noteInstalled(index)
        case .deliverReplies: apply.replies.deliver()
        }
    }

    private func report(_ progress: ApplyProgress, isQuiet: Bool) {
        for change in progress.configurationChanges {
            simulation.tell("host \(host.number) has applied \(change.told) by \(progress.index)")
        }
        // Another quorum has to be heard from now on.
        if !progress.configurationChanges.isEmpty { leadsSince = simulation.now }
        post(.replica(.applied(mutated(progress))), isQuiet: isQuiet)
    }

    private func revoke(_ lease: LeaseID, asLeaderOf term: UInt64) {
        guard simulation.mutant != .leasesNeverEnd else { return }
        simulation.report.count(.leasesExpired)
        post(.ownAsLeader(term: term, admission.revocation(of: lease)))
    }

    private func hand(_ input: BackendInput) {
        switch input {
        case .persist(isAwaited: true): simulation.report.count(.writeBufferWaits)
        case .persist(isAwaited: false): simulation.report.count(.persistsByCount)
        case .snapshot(let request):
            ownSnapshots += 1
            simulation.ownSnapshotBegins(host)
            if simulation.mutant == .cutsLogEarly { post(.release(LogIndex(request.index))) }
        case .install(let snapshot):
            isInstalling = true
            simulation.tell(
                "host \(host.number) installs snapshot \(snapshot.index.rawValue), has applied "
                    + "\(applied)")
        default: break
        }
        post(input)
    }

    private func noteInstalled(_ index: UInt64) throws {
        isInstalling = false
        // Readers of the former state are refused.
        slowRead = nil
        applied = max(applied, index)
        if state.lessor.isPrimary { simulation.record.leases.promoted(at: simulation.now) }
        simulation.report.count(.snapshotsInstalled)
        try simulation.states.observe(installed: self)
    }

    /// Probes.
    private func noteBounds(_ effects: [ApplyEffect]) {
        var (groups, revocations, checkpoints) = (0, 0, 0)
        for effect in effects {
            switch effect {
            case .applied(_, let entries) where entries > 0: groups += 1
            case .revoke: revocations += 1
            case .checkpoint: checkpoints += 1
            case .progress(let progress, isQuiet: false) where progress.configurationChanges.isEmpty:
                simulation.report.count(.progressUrged)
            default: break
            }
        }
        if groups > 1 { simulation.report.count(.turnsOfManyGroups) }
        if revocations >= settings.revocationsPerCheck {
            simulation.report.count(.revocationsBounded)
        }
        if checkpoints >= settings.checkpointsPerCheck {
            simulation.report.count(.checkpointsBounded)
        }
        if groups > 0, apply.putsSnapshotOff { simulation.report.count(.snapshotsPutOff) }
    }

    private func notePromotion() {
        guard apply.promotedTerm != leadingTerm else { return }
        leadingTerm = apply.promotedTerm
        simulation.record.leases.promoted(at: simulation.now)
    }
}

/// Each entry is looked at when it is applied, and its changes with those of its group.
extension SimulatedMember: ApplyObserver {
    func applied(_ outcome: AppliedEntry, _ entry: Entry) {
        guard entry.index.rawValue > applied else { return }
        // Between two entries that do not follow one another a snapshot was installed.
        if entry.index.rawValue > applied + 1, !unjudged.isEmpty {
            return fail(SimulationFailure("a snapshot came within a group of entries"))
        }
        applied = entry.index.rawValue
        let isFirst = applied > simulation.states.newestIndex
        unjudged.append(AppliedItem(entry: entry, outcome: outcome))
        do {
            try simulation.states.observe(outcome, entry, self, simulation)
        } catch {
            return fail(error)
        }
        if isFirst { noteFirst(outcome, entry) }
    }

    /// What the first member sees happen to the cluster.
    private func noteFirst(_ applied: AppliedEntry, _ entry: Entry) {
        if entry.type == .confChangeV2 { simulation.noteJointChange(self) }
        if case .clusterVersion(let version, let previous) = applied.outcome.result {
            simulation.noteVersion(version, previous: previous)
        }
        guard let call = simulation.requestCalls.removeValue(forKey: applied.id) else { return }
        if applied.isDoneWithoutRoom {
            simulation.clients.doneWithoutAnswer.insert(call)
        } else {
            simulation.clients.carriedOut[call] = applied.outcome
        }
    }

    /// Has the judge see what was applied since it was last called.
    func judgeApplied() throws {
        guard let first = unjudged.first else { return }
        let items = unjudged
        unjudged.removeAll(keepingCapacity: true)
        let before = simulation.record.position(after: first.entry.index.rawValue - 1)
        try simulation.record.observe(items, since: before.revision, by: self)
    }
}

extension AppliedEntry {
    /// Whether it was carried out, but its proposer told that there is no room: etcd's members find
    /// that their databases are full when they apply.
    var isDoneWithoutRoom: Bool {
        guard case .failed(.noSpace) = outcome.result else { return false }
        return raisesSpaceAlarm
    }
}

/// Mutants.
extension SimulatedMember {
    /// The consensus machine takes learners for voters.
    private func mutated(_ progress: ApplyProgress) -> ApplyProgress {
        guard simulation.mutant == .learnersVote else { return progress }
        let changes = progress.configurationChanges.map { change in
            guard case .single(let data, let index) = change,
                var decoded = ConfChange(decoding: data), decoded.type == .addLearner
            else { return change }
            decoded.type = .addVoter
            return .single(decoded.encoded, index: index)
        }
        return ApplyProgress(index: progress.index, configurationChanges: changes)
    }

    /// A key of a lease that ends lives on.
    private func freeKeys(of batch: [ApplyInput]) {
        for case .entries(let entries) in batch {
            for entry in entries where entry.type == .normal {
                guard let request = try? InternalRaftRequest(decoding: entry.data),
                    case .leaseRevoke(let revocation) = request.payload,
                    let key = state.lessor[LeaseID(rawValue: revocation.id)]?.sortedKeys.first
                else { continue }
                state.lessor.detach(key)
            }
        }
    }

    private func endLeasesEarly() {
        for lease in state.lessor.takeExpired(limit: 500, now: milliseconds + 1_200) {
            revoke(lease, asLeaderOf: leadingTerm)
        }
    }

    /// Each write of the database starts the clocks of all leases anew.
    func promoteAgain() {
        guard let term = state.lessor.primaryTerm else { return }
        state.lessor.promote(
            inTerm: term, extensionMilliseconds: settings.electionMilliseconds, now: milliseconds)
    }
}

extension AppliedConfigurationChange {
    /// For the trace.
    fileprivate var told: String {
        switch self {
        case .single(let data, let index):
            "\(index): " + (ConfChange(decoding: data).map { "\($0.type) \($0.member)" } ?? "?")
        case .general(let data, let index):
            "\(index): " + (ConfChangeV2(decoding: data).map { "\($0)" } ?? "?")
        }
    }
}
