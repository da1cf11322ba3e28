import Bolt
import EtcdAPI
import Raft
import Replica
import StateMachine
import WriteAheadLog

/// The write buffer and snapshots.
extension BackendStage {
    func commitOverlay() throws {
        guard let overlay, !overlay.isEmpty else { return }
        let transaction = bolt.beginWrite()
        do {
            try store.write(overlay, to: transaction)
        } catch {
            transaction.rollback()
            throw error
        }
        try transaction.commit()
    }

    mutating func encode(_ request: SnapshotRequest) {
        let metadata = RaftSnapshotMetadata(
            confState: request.confState, index: request.index, term: request.term)
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
                    index: request.index, term: request.term, confState: request.confState)))
        effects.append(
            .snapshotSaved(index: request.index, term: request.term, snapshotTimes))
    }

    /// Snapshots are taken by the number of entries and removed by time, as in etcd, so that the
    /// files of a directory are those that etcd has after the same history. A file that cannot be
    /// removed costs space alone; it is tried again.
    func purgeSnapshots(into effects: inout [BackendEffect]) {
        do throws(SnapshotStoreError) {
            let removed = try snapshots.purge(
                keeping: settings.snapshotsMaximum, recorded: recordedIndex)
            if !removed.isEmpty { effects.append(.purged(removed)) }
        } catch {
            effects.append(.purgeFailed(error))
        }
    }

    /// Fills a snapshot message with a state that is at its index or later, all from one view of
    /// the database, so that message and database say the same.
    func send(_ message: Raft.Message, into effects: inout [BackendEffect]) throws {
        let reading = bolt.beginRead()
        var message = message
        message.snapshot = Snapshot(
            try SnapshotRequest(
                from: reading, identity: identity,
                unnoted: RaftConfState(message.snapshot?.confState ?? ConfState())))
        effects.append(.send(OutgoingSnapshot(message: message, database: reading)))
    }

    /// Puts the received database in the place of the present one. What was applied and is not yet
    /// in the file is dropped: the snapshot holds it.
    mutating func replaceDatabase(_ snapshot: Snapshot) throws {
        // A copy of the former file is of no use; it is begun anew.
        defragmentation = nil
        let (index, path) = (
            snapshot.index.rawValue, snapshots.databasePath(index: snapshot.index.rawValue)
        )
        try state.requireServable(databaseAt: path, through: index)
        try bolt.replace(byFileAt: path)
    }

    mutating func reloadState(_ snapshot: Snapshot, into effects: inout [BackendEffect]) throws {
        let fresh = try state.reload(through: snapshot.index.rawValue)
        effects.append(.apply(.installed(Confined(fresh))))
        isCompacting = true
        acceptedCompaction = fresh.store.revisions.compacted
    }
}
