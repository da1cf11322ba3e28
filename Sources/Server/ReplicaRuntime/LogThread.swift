import Disk
import EtcdAPI
import Raft
import Replica
import WriteAheadLog

/// What reaches the log thread.
enum LogMessage: Sendable {
    /// `isSole`: its entries are committed by being durable, and applied without asking again.
    case write(LogWrite, isSole: Bool)
    /// A snapshot file is durable: record it, so that the next start begins there.
    case snapshot(LogSnapshotRecord)
    /// Segments before this index are no longer needed.
    case release(LogIndex)
}

/// Writes the log: everything that waits is appended, then one fdatasync makes it durable.
///
/// Owned by its thread: the write-ahead log. A failure of it stops the member, since nobody can
/// know what a failed fsync has left on the disk.
final class LogThread {
    private let runtime: ReplicaRuntime
    private let log: WriteAheadLog
    private let snapshots: SnapshotStore
    /// The tail behind which the next segment is made ready or was asked for.
    private var preparedTail: UInt64?
    private var batch: [LogMessage] = []
    private var entries: [RaftEntry] = []

    init(runtime: ReplicaRuntime, log: WriteAheadLog, snapshots: SnapshotStore) {
        self.runtime = runtime
        self.snapshots = snapshots
        self.log = log
    }

    /// The thread's body.
    func run() {
        while runtime.log.take(into: &batch) {
            do {
                try turn()
            } catch {
                runtime.fail("the write-ahead log cannot be written: \(error)")
                return
            }
        }
        do {
            try log.close()
        } catch {
            runtime.fail("the write-ahead log cannot be closed: \(error)")
        }
    }

    private func turn() throws {
        var written = AppendedWrites()
        for message in batch {
            switch message {
            case .write(let write, let isSole):
                written.add(write, isSole: isSole, bytes: try append(write))
                if written.bytes >= DiskShare.unsynchronizedBytesMax { try finish(&written) }
            case .snapshot(let record):
                try log.saveSnapshot(record)
                runtime.consensus.post(.input(.snapshotSaved(LogIndex(record.index))))
            case .release(let index):
                log.releaseSegments(upTo: index.rawValue)
                try log.purge(keeping: runtime.configuration.segmentsMaximum)
            }
        }
        try finish(&written)
        if log.isNextSegmentNear, preparedTail != log.tailSequence {
            preparedTail = log.tailSequence
            runtime.segments.post(())
        }
    }

    /// Makes what was appended durable, then tells of it.
    private func finish(_ written: inout AppendedWrites) throws {
        if written.mustSynchronize, log.needsSynchronize, runtime.configuration.synchronizesLog {
            let started = monotonicNanoseconds()
            try log.synchronize()
            runtime.observer.logSynchronized(nanoseconds: monotonicNanoseconds() - started)
        }
        defer { written = AppendedWrites() }
        guard let newest = written.newest else { return }
        // Before the report: entries behind these may be given out as soon as it is known.
        if !written.soleEntries.isEmpty { runtime.apply.post(.entries(written.soleEntries)) }
        report(newest, isWaitedFor: written.isWaitedFor)
    }

    /// What nobody waits for is told with the next thing that wakes the consensus thread.
    private func report(_ newest: WriteNumber, isWaitedFor: Bool) {
        if isWaitedFor {
            runtime.consensus.post(.input(.written(newest)))
        } else {
            runtime.consensus.postQuietly(.input(.written(newest)))
        }
    }

    /// Returns the bytes that were written.
    private func append(_ write: LogWrite) throws -> Int {
        if let snapshot = write.snapshot { try note(snapshot) }
        entries.removeAll(keepingCapacity: true)
        for entry in write.entries { entries.append(RaftEntry(entry)) }
        let (began, bytesBefore) = (monotonicNanoseconds(), log.writtenBytes)
        try log.append(entries: entries, hardState: write.hardState.map { RaftHardState($0) })
        let bytes = log.writtenBytes - bytesBefore
        runtime.observer.logWritten(bytes: bytes, nanoseconds: monotonicNanoseconds() - began)
        return bytes
    }

    /// A received snapshot: its file first, then the note in the log. The note counts once the
    /// hard state behind it says that its index is committed.
    private func note(_ snapshot: Snapshot) throws {
        let confState = RaftConfState(snapshot.confState)
        let (index, term) = (snapshot.index.rawValue, snapshot.term.rawValue)
        let metadata = RaftSnapshotMetadata(confState: confState, index: index, term: term)
        try snapshots.save(RaftSnapshot(data: snapshot.data, metadata: metadata))
        try log.saveSnapshot(LogSnapshotRecord(index: index, term: term, confState: confState))
    }
}
