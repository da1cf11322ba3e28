import EtcdAPI
import Raft
import Stages
import WriteAheadLog

/// What was appended to the log and not yet told of.
struct AppendedUntold {
    var newest: WriteNumber?
    var singleVoterEntries: [Entry] = []
}

/// Runs the log stage, one step at a time.
extension SimulatedMember {
    /// - Returns: how long it takes; nil when there is nothing left to do.
    func workOnLog() throws -> Nanoseconds? {
        // A disk that hangs is looked at again and again, since the end of faults ends that.
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
            if tellsEarly { tell() }
            return simulation.diskDelay(host, 50 * .microsecond...4 * .millisecond)
        }
        isSynchronizing = false
        try perform(step)
        switch step {
        case .append, .saveSnapshot, .release:
            return simulation.diskDelay(host, 5 * .microsecond...200 * .microsecond)
        case .synchronize: return .microsecond
        case .report:
            if !logStage.isIdle { simulation.report.count(.logTurnsParted) }
            return logStage.isIdle && !logQueue.isDue ? nil : .microsecond
        }
    }

    private func perform(_ step: LogStep) throws {
        let sequence = log.tailSequence
        let altered = try prepare(step)
        var effects: [LogEffect] = []
        try logStage.perform(altered, into: &effects)
        switch step {
        case .synchronize, .saveSnapshot: noteSynchronized()
        case .append where log.tailSequence != sequence:
            simulation.report.count(.segmentsCut)
            if isPreparingSegment { simulation.report.count(.segmentsCutUnready) }
            isPreparingSegment = false
            noteSynchronized()
        default: break
        }
        for effect in effects { perform(effect) }
    }

    private func perform(_ effect: LogEffect) {
        switch effect {
        case .commit(let entries):
            if appended.newest != nil { post(.entries(entries)) }
        case .written(let number, let isQuiet):
            guard appended.newest != nil else { return }
            appended = AppendedUntold()
            newestWritten = number
            logWaitsSince = newestWanted.map { $0 > number } ?? false ? simulation.now : nil
            post(.replica(.written(number)), isQuiet: isQuiet)
        case .snapshotSaved(let index):
            post(.snapshotRecorded(index.rawValue), isQuiet: true)
            post(.snapshotSaved, isQuiet: true)
            post(.replica(.snapshotSaved(index)))
        case .prepareSegment: planPreparation()
        }
    }

    /// Has the judge know what will be in the log, and a mutant alter it.
    private func prepare(_ step: LogStep) throws -> LogStep {
        switch step {
        case .append(let write, let isSingleVoterCommit):
            note(write)
            appended.newest = write.number
            if isSingleVoterCommit { appended.singleVoterEntries += write.entries }
            return .append(try mutated(write), isSingleVoterCommit: isSingleVoterCommit)
        case .saveSnapshot:
            ownSnapshots -= 1
            return step
        case .release, .synchronize, .report: return step
        }
    }

    private func note(_ write: LogWrite) {
        if let snapshot = write.snapshot {
            simulation.tell(
                "host \(host.number) records snapshot \(snapshot.index.rawValue) of term "
                    + "\(snapshot.term.rawValue)")
            if ownSnapshots > 0 { simulation.report.count(.snapshotsAtOnce) }
            host.durable.append(
                .snapshot(index: snapshot.index.rawValue, term: snapshot.term.rawValue))
        }
        for entry in write.entries {
            host.durable.append(.entry(index: entry.index.rawValue, term: entry.term.rawValue))
        }
        if let state = write.hardState {
            host.durable.append(.hardState(term: state.term.rawValue, vote: state.vote.rawValue))
        }
    }

    private func noteSynchronized() {
        if host.durable.synchronize() { simulation.report.count(.durableTruncations) }
    }
}

/// Mutants.
extension SimulatedMember {
    /// Whether what is not durable yet is told of.
    private var tellsEarly: Bool {
        switch simulation.mutant {
        case .leaderCountsEarly: standing.role == .leader
        case .followerAcknowledgesEarly: standing.role == .follower
        default: false
        }
    }

    private func tell() {
        let untold = appended
        appended = AppendedUntold()
        if !untold.singleVoterEntries.isEmpty { post(.entries(untold.singleVoterEntries)) }
        if let newest = untold.newest { post(.replica(.written(newest))) }
    }

    private func mutated(_ write: LogWrite) throws -> LogWrite {
        var write = write
        switch simulation.mutant {
        case .keepsConflicts: write.entries.removeAll { $0.index.rawValue <= log.lastIndex }
        case .forgetsVotes: write.hardState?.vote = .none
        case .snapshotWithoutNote:
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
