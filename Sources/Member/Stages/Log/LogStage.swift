package import EtcdAPI
package import Identifiers
package import Raft
import Replica
package import WriteAheadLog

/// Input of the log stage.
package enum LogInput: Sendable {
    /// `isSingleVoterCommit`: its entries are committed once durable, and applied without a further
    /// report to the replica.
    case write(LogWrite, isSingleVoterCommit: Bool)
    /// A snapshot file is durable: record it, so that the next start begins there.
    case snapshot(LogSnapshotRecord)
    /// Segments before this index are no longer needed.
    case release(LogIndex)
}

/// An effect of the log stage, in the order of the list.
package enum LogEffect: Sendable {
    /// Entries that are committed by being durable, for the apply stage. They come before the
    /// report of their write: the replica may commit later entries as soon as it gets the report.
    case commit([Entry])
    /// For the consensus stage. Deferrable: it can wait until something else wakes the stage.
    case written(WriteNumber, isDeferrable: Bool)
    /// For the other three stages: a snapshot's record is durable.
    case snapshotSaved(LogIndex)
    /// The next segment is needed soon.
    case prepareSegment
}

/// One indivisible step of the log stage.
package enum LogStep: Sendable {
    case append(LogWrite, isSingleVoterCommit: Bool)
    case saveSnapshot(LogSnapshotRecord)
    case release(LogIndex)
    case synchronize
    /// Reports what is durable; needs no disk.
    case report
}

/// The log stage of a member: appends all queued writes, makes them durable with one
/// synchronization, then reports them.
///
/// What it is: the only writer of the write-ahead log. It does one step at a time, so that its
/// caller decides what happens in between.
///
/// Guarantees: a write is reported, and its entries committed, only when it and every earlier one
/// are durable. A failure stops the member, since the state of the disk after a failed fsync is
/// unknown.
package struct LogStage {
    package let log: WriteAheadLog
    package let snapshots: SnapshotStore
    private let configuration: MemberConfiguration
    private var inputs: [LogInput] = []
    private var position = 0
    private var written = AppendedWrites()
    /// The tail segment whose successor was prepared or requested.
    private var preparedTail: UInt64?
    private var entries: [RaftEntry] = []

    package init(log: WriteAheadLog, snapshots: SnapshotStore, configuration: MemberConfiguration) {
        self.log = log
        self.snapshots = snapshots
        self.configuration = configuration
    }

    /// Whether everything that was taken is done.
    package var isIdle: Bool { position == inputs.count && written.newest == nil }

    /// Takes queued inputs. Called when the stage is idle, so that inputs posted meanwhile share
    /// the next synchronization.
    ///
    /// - Parameter batch: emptied; its storage is kept for the next.
    package mutating func take(_ batch: inout [LogInput]) {
        precondition(isIdle, "the previous batch must be done")
        inputs.removeAll(keepingCapacity: true)
        position = 0
        swap(&inputs, &batch)
    }

    /// The next step for `perform`; nil when all is done.
    package var nextStep: LogStep? {
        let isFull = written.bytes >= configuration.unsynchronizedBytesMax
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
        written.mustSynchronize && log.needsSynchronize && configuration.synchronizesLog
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
            log.releaseSegments(upTo: index)
            try purge()
        case .synchronize: try log.synchronize()
        case .report: report(into: &effects)
        }
    }

    private mutating func report(into effects: inout [LogEffect]) {
        if !written.singleVoterEntries.isEmpty {
            effects.append(.commit(written.singleVoterEntries))
        }
        if let newest = written.newest {
            effects.append(.written(newest, isDeferrable: !written.isAwaited))
        }
        written = AppendedWrites()
        guard log.isNextSegmentNear, preparedTail != log.tailSequence else { return }
        preparedTail = log.tailSequence
        effects.append(.prepareSegment)
    }

    /// Removes old segments. While the process has no descriptor for that, they stay until a later
    /// release.
    private func purge() throws(LogError) {
        do throws(LogError) {
            try log.purge(keeping: configuration.segmentsMax)
        } catch {
            guard error.isDescriptorShortage else { throw error }
        }
    }

    private mutating func append(_ write: LogWrite) throws {
        if let snapshot = write.snapshot { try save(snapshot) }
        entries.removeAll(keepingCapacity: true)
        for entry in write.entries { entries.append(RaftEntry(entry)) }
        try log.append(entries: entries, hardState: write.hardState.map { RaftHardState($0) })
    }

    /// Saves a received snapshot: its file first, then the record in the log. The record counts
    /// once the hard state after it says that its index is committed.
    private func save(_ snapshot: Snapshot) throws {
        let confState = RaftConfState(snapshot.confState)
        let (index, term) = (snapshot.index.rawValue, snapshot.term.rawValue)
        let metadata = RaftSnapshotMetadata(confState: confState, index: index, term: term)
        try snapshots.save(RaftSnapshot(data: snapshot.data, metadata: metadata))
        try log.saveSnapshot(LogSnapshotRecord(index: index, term: term, confState: confState))
    }

    /// Makes what is left durable and closes the log.
    package mutating func close() throws { try log.close() }
}
