import Bolt
import Disk
import EtcdAPI
import SnapshotRestore
import StateMachine
import WriteAheadLog

/// The database of a member that ran before.
///
/// A follower that receives a snapshot has the leader's database under a name of its own first,
/// notes the snapshot in the log next, and puts the database in its place last. A crash before the
/// last step leaves a database that is behind the noted snapshot; here that step is made up for.
extension MemberBootstrap {
    /// Opens the database, after putting a received one in its place if it is behind the snapshot.
    func recoverDatabase(
        _ snapshot: LogSnapshotRecord, _ snapshots: SnapshotStore
    ) throws -> Bolt {
        let isMissing = !disk.exists(directory.database)
        var bolt = try openDatabase()
        do {
            if try snapshot.index > appliedMark(bolt).index {
                bolt.close()
                try replaceDatabase(snapshot, snapshots)
                bolt = try openDatabase()
            } else if isMissing {
                try createBuckets(bolt)
            }
            for name in try snapshots.removeDatabases(olderThan: snapshot.index) {
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

    func appliedMark(_ bolt: Bolt) throws(PageFault) -> AppliedMark {
        let reading = bolt.beginRead()
        defer { reading.end() }
        return try AppliedMark(from: reading)
    }

    private func replaceDatabase(
        _ snapshot: LogSnapshotRecord, _ snapshots: SnapshotStore
    ) throws {
        let received = snapshots.databasePath(index: snapshot.index)
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
                .requireServable(through: snapshot.index)
        } catch {
            throw BootstrapError(
                "the received database (\(received)) does not take the place of the present one: "
                    + "\(error)")
        }
        try disk.rename(received, to: directory.database)
        try disk.synchronizeDirectory(directory.snapshots)
        logger.info(
            "Recovering from snapshot backend", ["snapshot-index": .unsigned(snapshot.index)])
    }
}
