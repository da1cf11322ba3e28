import EtcdAPI
import Raft
import Replica
import WriteAheadLog

/// A turn of the log lane: what it took, and how far it has come with it.
struct LogTurn {
    var inputs: ArraySlice<LogInput> = []
    var writes = AppendedWrites()
    /// Whether the disk is at work on a synchronization.
    var isSynchronizing = false

    /// Whether enough was appended to be made durable before the rest is.
    func isFull(_ limit: Int) -> Bool { writes.bytes >= limit }

    var isOver: Bool {
        inputs.isEmpty && writes.newest == nil && !writes.mustSynchronize && !isSynchronizing
    }
}

/// The log lane: everything that waits is appended, then one synchronization makes it durable.
extension SimulatedMember {
    func workOnLog() throws -> Nanoseconds? {
        if logTurn.isOver {
            guard !logInputs.isEmpty else { return nil }
            logTurn.inputs = logInputs[...]
            logInputs = []
        }
        let isFull = logTurn.isFull(simulation.limits.unsynchronizedBytesMax)
        if !isFull, let input = logTurn.inputs.popFirst() {
            try perform(input)
            return simulation.diskDelay(host, 5 * .microsecond...200 * .microsecond)
        }
        if logTurn.writes.mustSynchronize, log.needsSynchronize, !logTurn.isSynchronizing {
            logTurn.isSynchronizing = true
            if promisesEarly { promise() }
            return simulation.diskDelay(host, 50 * .microsecond...4 * .millisecond)
        }
        if isFull, !logTurn.inputs.isEmpty { simulation.report.count(.logTurnsParted) }
        try finishLogTurn()
        return logTurn.isOver && logInputs.isEmpty ? nil : .microsecond
    }

    private func perform(_ input: LogInput) throws {
        switch input {
        case .write(let write, let isSole):
            let before = log.writtenBytes
            try append(write)
            logTurn.writes.add(write, isSole: isSole, bytes: log.writtenBytes - before)
        case .snapshot(let request):
            let record = LogSnapshotRecord(
                index: request.index, term: request.term, confState: request.confState)
            try log.saveSnapshot(record)
            ownSnapshots -= 1
            noteSynchronized()
            post(.input(.snapshotSaved(LogIndex(request.index))))
        case .release(let index):
            log.releaseSegments(upTo: index.rawValue)
            try log.purge(keeping: 2)
        }
    }

    private func finishLogTurn() throws {
        if logTurn.writes.mustSynchronize, log.needsSynchronize {
            try log.synchronize()
            noteSynchronized()
        }
        promise()
        logTurn = LogTurn(inputs: logTurn.inputs)
    }

    /// Whether a mutant tells of what is not durable yet.
    private var promisesEarly: Bool {
        switch simulation.mutant {
        case .leaderCountsEarly: replica.role == .leader
        case .followerAcknowledgesEarly: replica.role == .follower
        default: false
        }
    }

    /// Tells the others of what this turn has made durable.
    private func promise() {
        let writes = logTurn.writes
        logTurn.writes.soleEntries.removeAll()
        logTurn.writes.newest = nil
        if !writes.soleEntries.isEmpty { post(.entries(writes.soleEntries)) }
        guard let newest = writes.newest else { return }
        if writes.isWaitedFor {
            post(.input(.written(newest)))
        } else {
            postQuietly(.written(newest))
        }
    }

    private func append(_ write: LogWrite) throws {
        if let snapshot = write.snapshot {
            if ownSnapshots > 0 { simulation.report.count(.snapshotsAtOnce) }
            try note(snapshot)
            host.durable.append(
                .snapshot(index: snapshot.index.rawValue, term: snapshot.term.rawValue))
            // Its note is durable, whatever stands behind it.
        }
        let sequence = log.tailSequence
        for entry in write.entries {
            host.durable.append(.entry(index: entry.index.rawValue, term: entry.term.rawValue))
        }
        if let state = write.hardState {
            host.durable.append(.hardState(term: state.term.rawValue, vote: state.vote.rawValue))
        }
        var entries = write.entries.map { RaftEntry($0) }
        var hardState = write.hardState.map { RaftHardState($0) }
        if simulation.mutant == .keepsConflicts { entries.removeAll { $0.index <= log.lastIndex } }
        if simulation.mutant == .forgetsVotes { hardState?.vote = 0 }
        try log.append(entries: entries, hardState: hardState)
        if log.tailSequence != sequence {
            simulation.report.count(.segmentsCut)
            noteSynchronized()
        }
    }

    /// A received snapshot: its file first, then the note in the log.
    private func note(_ snapshot: Snapshot) throws {
        let confState = RaftConfState(snapshot.confState)
        let (index, term) = (snapshot.index.rawValue, snapshot.term.rawValue)
        let metadata = RaftSnapshotMetadata(confState: confState, index: index, term: term)
        try snapshots.save(RaftSnapshot(data: snapshot.data, metadata: metadata))
        guard simulation.mutant != .snapshotWithoutNote else { return }
        try log.saveSnapshot(LogSnapshotRecord(index: index, term: term, confState: confState))
    }

    private func noteSynchronized() {
        if host.durable.synchronize() { simulation.report.count(.durableTruncations) }
    }
}
