package import EtcdAPI
package import Raft
import Replica
package import WriteAheadLog

/// What reaches the log stage.
package enum LogInput: Sendable {
    /// `isSingleVoterCommit`: its entries are committed by being durable, and applied without asking again.
    case write(LogWrite, isSingleVoterCommit: Bool)
    /// A snapshot file is durable: record it, so that the next start begins there.
    case snapshot(LogSnapshotRecord)
    /// Segments before this index are no longer needed.
    case release(LogIndex)
}

/// One thing that the log stage wants done, in the order of the list.
package enum LogEffect: Sendable {
    /// Entries that are committed by being durable, for the apply stage. They come before the report
    /// of their write: entries behind them may be given out as soon as that is known.
    case commit([Entry])
    /// For the consensus stage. Quiet: nobody waits for it, it goes with what wakes that next.
    case written(WriteNumber, isQuiet: Bool)
    /// For the other three stages: a snapshot's record is durable.
    case snapshotSaved(LogIndex)
    /// The next segment is wanted soon.
    case prepareSegment
}

/// One indivisible piece of the log stage's work.
package enum LogStep: Sendable {
    case append(LogWrite, isSingleVoterCommit: Bool)
    case saveSnapshot(LogSnapshotRecord)
    case release(LogIndex)
    case synchronize
    /// Tells of what is durable; no work of the disk.
    case report
}

/// The log stage of a member: everything that waits is appended, then one synchronization makes it
/// durable, then it is reported.
///
/// What it is: the only writer of the write-ahead log. It does one piece of work at a time, so that
/// whoever runs it decides what comes between.
///
/// Guarantees: a write is reported, and its entries committed, only when it and every earlier one are
/// durable. A failure stops the member, since nobody can know what a failed fsync has left on the disk.
package struct LogStage {
    package let log: WriteAheadLog
    package let snapshots: SnapshotStore
    private let settings: MemberSettings
    private var inputs: [LogInput] = []
    private var position = 0
    private var written = AppendedWrites()
    /// The tail behind which the next segment is made ready or was asked for.
    private var preparedTail: UInt64?
    private var entries: [RaftEntry] = []

    package init(log: WriteAheadLog, snapshots: SnapshotStore, settings: MemberSettings) {
        self.log = log
        self.snapshots = snapshots
        self.settings = settings
    }

    /// Whether all that was taken is done.
    package var isIdle: Bool { position == inputs.count && written.newest == nil }

    /// Takes what waits. Called when the stage is idle, so that what comes meanwhile shares the next
    /// synchronization.
    ///
    /// - Parameter batch: emptied; its storage is kept for the next.
    package mutating func take(_ batch: inout [LogInput]) {
        precondition(isIdle, "a batch is taken when the one before is done")
        inputs.removeAll(keepingCapacity: true)
        position = 0
        swap(&inputs, &batch)
    }

    /// What `perform` is to do next; nil when all is done.
    package var nextStep: LogStep? {
        let isFull = written.bytes >= settings.unsynchronizedBytesMaximum
        if position < inputs.count, !isFull {
            switch inputs[position] {
            case .write(let write, let isSingleVoterCommit):
                return .append(write, isSingleVoterCommit: isSingleVoterCommit)
            case .snapshot(let record): return .saveSnapshot(record)
            case .release(let index): return .release(index)
            }
        }
        if needsSynchronize { return .synchronize }
        return written.newest == nil ? nil : .report
    }

    private var needsSynchronize: Bool {
        written.mustSynchronize && log.needsSynchronize && settings.synchronizesLog
    }

    /// Does one step, which has to be `nextStep`.
    package mutating func perform(_ step: LogStep, into effects: inout [LogEffect]) throws {
        switch step {
        case .append(let write, let isSingleVoterCommit):
            position += 1
            let before = log.writtenBytes
            try append(write)
            written.add(
                write, isSingleVoterCommit: isSingleVoterCommit, bytes: log.writtenBytes - before)
        case .saveSnapshot(let record):
            position += 1
            try log.saveSnapshot(record, isApplied: true)
            effects.append(.snapshotSaved(LogIndex(record.index)))
        case .release(let index):
            position += 1
            log.releaseSegments(upTo: index.rawValue)
            try log.purge(keeping: settings.segmentsMaximum)
        case .synchronize: try log.synchronize()
        case .report: report(into: &effects)
        }
    }

    private mutating func report(into effects: inout [LogEffect]) {
        if !written.singleVoterEntries.isEmpty {
            effects.append(.commit(written.singleVoterEntries))
        }
        if let newest = written.newest {
            effects.append(.written(newest, isQuiet: !written.isWaitedFor))
        }
        written = AppendedWrites()
        guard log.isNextSegmentNear, preparedTail != log.tailSequence else { return }
        preparedTail = log.tailSequence
        effects.append(.prepareSegment)
    }

    private mutating func append(_ write: LogWrite) throws {
        if let snapshot = write.snapshot { try save(snapshot) }
        entries.removeAll(keepingCapacity: true)
        for entry in write.entries { entries.append(RaftEntry(entry)) }
        try log.append(entries: entries, hardState: write.hardState.map { RaftHardState($0) })
    }

    /// A received snapshot: its file first, then the record in the log. The record counts once the
    /// hard state behind it says that its index is committed.
    private func save(_ snapshot: Snapshot) throws {
        let confState = RaftConfState(snapshot.confState)
        let (index, term) = (snapshot.index.rawValue, snapshot.term.rawValue)
        let metadata = RaftSnapshotMetadata(confState: confState, index: index, term: term)
        try snapshots.save(RaftSnapshot(data: snapshot.data, metadata: metadata))
        try log.saveSnapshot(LogSnapshotRecord(index: index, term: term, confState: confState))
    }

    /// Makes durable what is left and closes the log.
    package mutating func close() throws { try log.close() }
}
