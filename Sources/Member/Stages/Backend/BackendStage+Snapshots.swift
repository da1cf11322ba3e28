import Bolt
import EtcdAPI
import Identifiers
import Raft
import Replica
import StateMachine
import WriteAheadLog

/// The write buffer and snapshots.
extension BackendStage {
    func commitWriteBuffer() throws {
        guard let pendingBatch, !pendingBatch.isEmpty else { return }
        let transaction = bolt.beginWrite()
        do {
            try store.write(pendingBatch, to: transaction)
        } catch {
            transaction.rollback()
            throw error
        }
        try transaction.commit()
    }

    mutating func encode(_ request: SnapshotRequest) {
        let metadata = RaftSnapshotMetadata(
            confState: request.confState, index: request.index.rawValue, term: request.term.rawValue
        )
        snapshotIndex = request.index
        encodedSnapshot = snapshots.encode(
            RaftSnapshot(data: request.legacyTree, metadata: metadata))
    }

    mutating func saveSnapshot() throws {
        if let encodedSnapshot { try snapshots.save(encodedSnapshot) }
        encodedSnapshot = nil
    }

    func record(_ request: SnapshotRequest, into effects: inout [BackendEffect]) {
        effects.append(
            .recordSnapshot(
                LogSnapshotRecord(
                    index: request.index.rawValue, term: request.term.rawValue,
                    confState: request.confState)))
        effects.append(
            .snapshotSaved(index: request.index, term: request.term, snapshotTimes))
    }

    /// Snapshots are taken by the number of entries and removed by time, as in etcd, so that a
    /// directory contains the same files as etcd's after the same history. A file that cannot be
    /// removed only costs space; the removal is retried.
    func purgeSnapshots(into effects: inout [BackendEffect]) {
        do throws(SnapshotStoreError) {
            let removed = try snapshots.purge(
                keeping: configuration.snapshotsMax, recorded: recordedIndex)
            if !removed.isEmpty { effects.append(.purged(removed)) }
        } catch {
            effects.append(.purgeFailed(error))
        }
    }

    /// A database that cannot be removed only costs space.
    func removeReceivedDatabases(olderThan index: LogIndex, into effects: inout [BackendEffect]) {
        do throws(SnapshotStoreError) {
            _ = try snapshots.removeDatabases(olderThan: index)
        } catch {
            effects.append(.purgeFailed(error))
        }
    }

    /// Fills a snapshot message with a state that is at its index or later, all from one view of
    /// the database, so that message and database agree.
    func send(_ message: Raft.Message, into effects: inout [BackendEffect]) throws {
        let reading = bolt.beginRead()
        var message = message
        message.snapshot = Snapshot(
            try SnapshotRequest(
                from: reading, identity: identity,
                defaultConfState: RaftConfState(message.snapshot?.confState ?? ConfState())))
        effects.append(.send(OutgoingSnapshot(message: message, database: reading)))
    }

    /// Replaces the database by the received one. What was applied and is not yet in the file is
    /// dropped: the snapshot contains it.
    mutating func replaceDatabase(_ snapshot: Snapshot) throws {
        // A copy of the former file is useless; it is restarted.
        defragmentation = nil
        let (index, path) = (
            snapshot.index, snapshots.databasePath(index: snapshot.index)
        )
        try state.requireServable(databaseAt: path, through: index)
        try bolt.replace(byFileAt: path)
    }

    mutating func reloadState(_ snapshot: Snapshot, into effects: inout [BackendEffect]) throws {
        let fresh = try state.reload(through: snapshot.index)
        effects.append(.apply(.installed(Confined(fresh))))
        isCompacting = true
        acceptedCompaction = fresh.store.revisions.compacted
    }
}
