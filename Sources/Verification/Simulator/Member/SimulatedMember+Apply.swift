import Auth
import EtcdAPI
import Identifiers
import Lease
import MonotonicClock
import Raft
import Replica
import Stages
import StateMachine

/// Runs the apply stage and performs its effects.
extension SimulatedMember {
    func runApply(_ batch: [ApplyInput], allowsLongWork: Bool) throws {
        if simulation.mutant == .revocationKeepsKey { keepOneKey(of: batch) }
        let context = ApplyContext(now: clockTime, allowsLongWork: allowsLongWork)
        var effects: [ApplyEffect] = []
        try apply.run(
            batch, context, isConnected: { isConnected(to: $0) }, observer: self,
            into: &effects)
        if let failure { throw failure }
        try checkApplied()
        recordPromotion()
        status.recordPendingProposals(apply.pendingProposals)
        countLimits(effects)
        for effect in effects { try perform(effect) }
        if simulation.mutant == .leasesExpireEarly { expireLeasesEarly() }
    }

    private func perform(_ effect: ApplyEffect) throws {
        switch effect {
        case .applied(let index, _): status.recordApplied(index)
        case .progress(let progress, let isDeferrable): report(progress, isDeferrable: isDeferrable)
        case .revoke(let lease, let term): revoke(lease, asLeaderOf: term)
        case .checkpoint(let leases, let term):
            simulation.report.count(.leaseCheckpoints, by: leases.count)
            post(.ownAsLeader(term: term, admission.checkpoint(of: leases)))
        case .backend(let input): route(input)
        case .raiseSpaceAlarm: raiseSpaceAlarm()
        case .endSpaceAlarm: endSpaceAlarm()
        case .spaceAlarm(let isActive): admission.recordSpaceAlarm(isActive: isActive)
        case .membershipChanged(let membership):
            status.recordRole(isLearner: membership.local?.isLearner)
            simulation.membershipChanged(self)
        case .wakeWatchers, .proposalsFailed: break
        case .snapshotInstalled(let index, _, _): try recordInstalled(index)
        case .deliverCompletions: apply.completions.deliver()
        }
    }

    private func report(_ progress: ApplyProgress, isDeferrable: Bool) {
        for change in progress.configurationChanges {
            simulation.printTrace(
                "host \(host.number) has applied \(change.traceText) by \(progress.index)")
        }
        // Another quorum has to be heard from now on.
        if !progress.configurationChanges.isEmpty { leadsSince = simulation.now }
        post(.replica(.applied(mutated(progress))), isDeferrable: isDeferrable)
    }

    private func revoke(_ lease: LeaseID, asLeaderOf term: Term) {
        guard simulation.mutant != .leasesNeverExpire else { return }
        simulation.report.count(.leasesExpired)
        post(.ownAsLeader(term: term, admission.revocation(of: lease)))
    }

    private func route(_ input: BackendInput) {
        switch input {
        case .persist(isAwaited: true): simulation.report.count(.writeBufferWaits)
        case .persist(isAwaited: false): simulation.report.count(.persistsByCount)
        case .snapshot(let request):
            ownSnapshots += 1
            simulation.ownSnapshotBegins(host)
            if simulation.mutant == .compactsLogEarly { post(.release(request.index)) }
        case .install(let snapshot):
            isInstalling = true
            formerUsers = state.auth.snapshot
            simulation.printTrace(
                "host \(host.number) installs snapshot \(snapshot.index), has applied "
                    + "\(applied)")
        default: break
        }
        post(input)
    }

    private func recordInstalled(_ index: LogIndex) throws {
        isInstalling = false
        storeIndex = nil
        // Readers of the former state are refused.
        slowRead = nil
        applied = max(applied, index)
        if state.lessor.isPrimary {
            simulation.record.leases.promoted(at: MonotonicTime(simulation.now))
        }
        simulation.report.count(.snapshotsInstalled)
        if state.auth.isEnabled { simulation.report.count(.usersInstalled) }
        try simulation.states.observe(installed: self)
    }

    /// Probes.
    private func countLimits(_ effects: [ApplyEffect]) {
        var (groups, revocations, checkpoints) = (0, 0, 0)
        for effect in effects {
            switch effect {
            case .applied(_, let entries) where entries > 0: groups += 1
            case .revoke: revocations += 1
            case .checkpoint: checkpoints += 1
            case .progress(let progress, isDeferrable: false)
            where progress.configurationChanges.isEmpty:
                simulation.report.count(.progressUrgent)
            default: break
            }
        }
        if groups > 1 { simulation.report.count(.runsOfManyGroups) }
        if revocations >= configuration.revocationsInFlightMax {
            simulation.report.count(.revocationsBounded)
        }
        if checkpoints >= configuration.checkpointsPerCheck {
            simulation.report.count(.checkpointsBounded)
        }
        if groups > 0, apply.defersSnapshot { simulation.report.count(.snapshotsDeferred) }
    }

    private func recordPromotion() {
        guard apply.promotedTerm != leadingTerm else { return }
        leadingTerm = apply.promotedTerm
        simulation.record.leases.promoted(at: MonotonicTime(simulation.now))
    }
}

/// Each entry is checked when it is applied, and its changes with those of its group.
extension SimulatedMember: ApplyObserver {
    func applied(_ result: AppliedEntry, _ entry: Entry, began: MonotonicTime) {
        guard entry.index > applied else { return }
        let entry = simulation.originals[entry.index] ?? entry
        // Between two entries that are not consecutive a snapshot was installed.
        if entry.index > applied.next, !unchecked.isEmpty {
            return fail(SimulationFailure("a snapshot came within a group of entries"))
        }
        applied = entry.index
        let isFirst = applied > simulation.states.newestIndex
        unchecked.append(AppliedItem(entry: entry, applied: result))
        do {
            try simulation.states.observe(result, entry, self, simulation)
        } catch {
            return fail(error)
        }
        if isFirst { observeFirst(result, entry) }
    }

    /// A simulated member has no tokens.
    func authApplied(_ response: AuthResponse, index: LogIndex) {}

    func authReplaced(isEnabled: Bool) {}

    /// What the first member to apply an entry observes.
    private func observeFirst(_ applied: AppliedEntry, _ entry: Entry) {
        if entry.type == .confChangeV2 { simulation.recordJointChange(self) }
        if case .clusterVersion(let version, let previous) = applied.response.body {
            simulation.countVersionChange(version, previous: previous)
        }
        if let identity = simulation.requestIdentities.removeValue(forKey: applied.id) {
            requireCaller(identity, entry)
        }
        guard let call = simulation.requestCalls.removeValue(forKey: applied.id) else { return }
        if applied.isAppliedDespiteNoSpace {
            simulation.clients.appliedDespiteNoSpace.insert(call)
        } else {
            simulation.clients.appliedEntries[call] = entry.index
        }
    }

    /// Checks what was applied since the last call.
    func checkApplied() throws {
        guard let first = unchecked.first else { return }
        let items = unchecked
        unchecked.removeAll(keepingCapacity: true)
        let before = simulation.record.position(after: first.entry.index.previous)
        try simulation.record.observe(items, since: before.revision, by: self)
        try checkUsers()
    }
}

/// Users.
extension SimulatedMember {
    /// Compares the users, if they have changed since the last comparison.
    private func checkUsers() throws {
        let users = state.auth.snapshot
        guard checkedUsers !== users else { return }
        checkedUsers = users
        try simulation.record.requireUsers(users, at: applied, of: host)
    }

    private func requireCaller(_ identity: Identity, _ entry: Entry) {
        guard let request = try? InternalRaftRequest(decoding: entry.data) else { return }
        do {
            try simulation.record.require(request.header, isOf: identity)
        } catch {
            fail(error)
        }
    }
}

extension AppliedEntry {
    /// Whether the entry was applied although the proposer got `noSpace`: etcd's members notice
    /// that their databases are full when they apply.
    var isAppliedDespiteNoSpace: Bool {
        guard case .failed(.noSpace) = response.body else { return false }
        return raisesSpaceAlarm
    }
}

/// Mutants.
extension SimulatedMember {
    /// The consensus machine treats learners as voters.
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

    /// A key of a revoked lease is kept.
    private func keepOneKey(of batch: [ApplyInput]) {
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

    private func expireLeasesEarly() {
        for lease in state.lessor.takeExpired(limit: 500, now: clockTime + .milliseconds(1_200)) {
            revoke(lease, asLeaderOf: leadingTerm)
        }
    }

    /// Each write of the database restarts the clocks of all leases.
    func restartLeaseClocks() {
        guard let term = state.lessor.primaryTerm else { return }
        state.lessor.promote(
            inTerm: term, extraTime: configuration.electionTimeout,
            now: clockTime)
    }
}

extension AppliedConfigurationChange {
    /// For the trace.
    fileprivate var traceText: String {
        switch self {
        case .single(let data, let index):
            "\(index): " + (ConfChange(decoding: data).map { "\($0.type) \($0.member)" } ?? "?")
        case .general(let data, let index):
            "\(index): " + (ConfChangeV2(decoding: data).map { "\($0)" } ?? "?")
        }
    }
}
