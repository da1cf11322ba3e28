import Bolt
import Disk
import EtcdAPI
import Identifiers
import InitialMembers
import SnapshotRestore
import StateMachine
import WriteAheadLog

/// Recovery of the database when a member restarts.
///
/// A follower that receives a snapshot first stores the leader's database under a separate name,
/// then records the snapshot in the log, and last renames the database over its own. A crash
/// before the rename leaves a database older than the recorded snapshot; recovery repeats it.
extension MemberBootstrap {
    /// Opens the database; replaces it by the received one first if it is older than the snapshot.
    func recoverDatabase(
        _ snapshot: LogSnapshotRecord, _ snapshots: SnapshotStore
    ) throws -> Bolt {
        let isMissing = !disk.exists(directory.database)
        var bolt = try openDatabase()
        do {
            if try LogIndex(snapshot.index) > consistentIndex(of: bolt).index {
                bolt.close()
                try replaceDatabase(snapshot, snapshots)
                bolt = try openDatabase()
            } else if isMissing {
                try createBuckets(bolt)
            }
            for name in try snapshots.removeDatabases(olderThan: LogIndex(snapshot.index)) {
                logger.info(
                    "found orphaned .snap.db file; deleting",
                    ["path": .string(directory.snapshots + "/" + name)])
            }
        } catch {
            bolt.close()
            throw error
        }
        logger.info(
            "opened backend db", ["path": .string(directory.database), "isNew": .boolean(false)])
        return bolt
    }

    func consistentIndex(of bolt: Bolt) throws(PageFault) -> ConsistentIndex {
        let reading = bolt.beginRead()
        defer { reading.end() }
        return try ConsistentIndex(from: reading)
    }

    private func replaceDatabase(
        _ snapshot: LogSnapshotRecord, _ snapshots: SnapshotStore
    ) throws {
        let received = snapshots.databasePath(index: LogIndex(snapshot.index))
        guard disk.exists(received) else {
            logger.warn(
                "failed to find [SNAPSHOT-INDEX].snap.db",
                [
                    "snapshot-index": .unsigned(snapshot.index),
                    "snapshot-file-path": .string(received),
                ])
            throw BootstrapError(
                "failed to recover v3 backend from snapshot: failed to find database snapshot file "
                    + "(snap: snapshot file doesn't exist)")
        }
        do throws(StateRefusal) {
            try SnapshotDatabase(disk: disk, path: received)
                .requireServable(through: LogIndex(snapshot.index))
        } catch {
            throw BootstrapError(
                "the received database (\(received)) cannot replace the present one: \(error)")
        }
        try disk.rename(received, to: directory.database)
        try disk.synchronizeDirectory(directory.snapshots)
        logger.info(
            "Recovering from snapshot backend", ["snapshot-index": .unsigned(snapshot.index)])
    }
}
