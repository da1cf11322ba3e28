import EtcdAPI
import MonotonicClock
import Raft
import Stages
import WriteAheadLog

/// Writes that were appended to the log and not yet reported.
struct UnreportedAppends {
    var newest: WriteNumber?
    var singleVoterEntries: [Entry] = []
}

/// Runs the log stage, one step at a time.
extension SimulatedMember {
    /// - Returns: how long it takes; nil if there is nothing to do.
    func runLog() throws -> TimeSpan? {
        // A hung disk is checked repeatedly, since it recovers when faults end.
        if host.logHangsUntil > simulation.now {
            return min(host.logHangsUntil - simulation.now, 100 * .millisecond)
        }
        if logStage.isIdle {
            var batch = logQueue.takeAll()
            logStage.take(&batch)
        }
        guard let step = logStage.nextStep else { return logQueue.isDue ? .microsecond : nil }
        if case .synchronize = step, !isSynchronizing {
            isSynchronizing = true
            if reportsEarly { reportEarly() }
            return simulation.diskDelay(host, 50 * .microsecond...4 * .millisecond)
        }
        isSynchronizing = false
        try perform(step)
        switch step {
        case .append, .saveSnapshot, .release:
            return simulation.diskDelay(host, 5 * .microsecond...200 * .microsecond)
        case .synchronize: return .microsecond
        case .report:
            if !logStage.isIdle { simulation.report.count(.logBatchesSplit) }
            return logStage.isIdle && !logQueue.isDue ? nil : .microsecond
        }
    }

    private func perform(_ step: LogStep) throws {
        let sequence = log.tailSequence
        let altered = try prepare(step)
        var effects: [LogEffect] = []
        try logStage.perform(altered, into: &effects)
        switch step {
        case .synchronize, .saveSnapshot: recordSynchronized()
        case .append where log.tailSequence != sequence:
            simulation.report.count(.segmentsCut)
            if isPreparingSegment { simulation.report.count(.segmentsCutUnprepared) }
            isPreparingSegment = false
            recordSynchronized()
        default: break
        }
        for effect in effects { perform(effect) }
    }

    private func perform(_ effect: LogEffect) {
        switch effect {
        case .commit(let entries):
            if appended.newest != nil { post(.entries(entries)) }
        case .written(let number, let isDeferrable):
            guard appended.newest != nil else { return }
            appended = UnreportedAppends()
            newestWritten = number
            logWaitsSince = newestWanted.map { $0 > number } ?? false ? simulation.now : nil
            post(.replica(.written(number)), isDeferrable: isDeferrable)
        case .snapshotSaved(let index):
            post(.snapshotRecorded(index), isDeferrable: true)
            post(.snapshotSaved, isDeferrable: true)
            post(.replica(.snapshotSaved(index)))
        case .prepareSegment: planPreparation()
        }
    }

    /// Records what will be in the log, and lets a mutant alter it.
    private func prepare(_ step: LogStep) throws -> LogStep {
        switch step {
        case .append(let write, let isSingleVoterCommit):
            record(write)
            appended.newest = write.number
            if isSingleVoterCommit { appended.singleVoterEntries += write.entries }
            return .append(try mutated(write), isSingleVoterCommit: isSingleVoterCommit)
        case .saveSnapshot:
            ownSnapshots -= 1
            return step
        case .release, .synchronize, .report: return step
        }
    }

    private func record(_ write: LogWrite) {
        if let snapshot = write.snapshot {
            simulation.printTrace(
                "host \(host.number) records snapshot \(snapshot.index) of term "
                    + "\(snapshot.term)")
            if ownSnapshots > 0 { simulation.report.count(.snapshotsAtOnce) }
            host.durable.append(
                .snapshot(index: snapshot.index, term: snapshot.term))
        }
        for entry in write.entries {
            host.durable.append(.entry(index: entry.index, term: entry.term))
        }
        if let state = write.hardState {
            host.durable.append(.hardState(term: state.term, vote: state.vote))
        }
    }

    private func recordSynchronized() {
        if host.durable.synchronize() { simulation.report.count(.durableTruncations) }
    }
}

/// Mutants.
extension SimulatedMember {
    /// Whether writes are reported before they are durable.
    private var reportsEarly: Bool {
        switch simulation.mutant {
        case .leaderCountsEarly: summary.role == .leader
        case .followerAcknowledgesEarly: summary.role == .follower
        default: false
        }
    }

    private func reportEarly() {
        let unreported = appended
        appended = UnreportedAppends()
        if !unreported.singleVoterEntries.isEmpty { post(.entries(unreported.singleVoterEntries)) }
        if let newest = unreported.newest { post(.replica(.written(newest))) }
    }

    private func mutated(_ write: LogWrite) throws -> LogWrite {
        var write = write
        switch simulation.mutant {
        case .keepsConflicts: write.entries.removeAll { $0.index <= log.lastIndex }
        case .forgetsVotes: write.hardState?.vote = .none
        case .snapshotNotRecorded:
            guard let snapshot = write.snapshot.take() else { return write }
            let metadata = RaftSnapshotMetadata(
                confState: RaftConfState(snapshot.confState), index: snapshot.index.rawValue,
                term: snapshot.term.rawValue)
            try snapshots.save(RaftSnapshot(data: snapshot.data, metadata: metadata))
        default: break
        }
        return write
    }
}
