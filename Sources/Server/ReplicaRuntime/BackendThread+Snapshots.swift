import Bolt
import EtcdAPI
import Membership
import Raft
import Replica
import StateMachine
import WriteAheadLog

/// Snapshots that go to other members and come from them.
extension BackendThread {
    /// Fills a snapshot message with a state that is at its index or later, all from one view of
    /// the database, so that message and database tell the same.
    func send(_ message: Raft.Message) throws {
        try persist()
        let reading = bolt.beginRead()
        var message = message
        message.snapshot = Snapshot(
            SnapshotRequest(
                from: reading, identity: identity,
                unnoted: RaftConfState(message.snapshot?.confState ?? ConfState())))
        runtime.carrier.send(OutgoingSnapshot(message: message, database: reading))
    }

    /// Puts the received database in the place of the present one and reads the state from it.
    /// What was applied and is not yet in the file is dropped: the snapshot holds it.
    func install(_ index: UInt64, _ answer: Mailbox<Confined<StateMachine>>) throws {
        // A copy of the former file is of no use; it is begun anew.
        defragmentation = nil
        let path = snapshots.databasePath(index: index)
        do {
            try state.requireServable(databaseAt: path, through: index)
            try bolt.replace(byFileAt: path)
            answer.post(Confined(try state.reload(through: index)))
        } catch {
            // First, so that this is the reason told, and not that the apply thread got no answer.
            runtime.fail("the received snapshot (index \(index)) is not installed: \(error)")
            answer.close()
            throw error
        }
        isCompacting = true
        if runtime.configuration.snapshotsMaximum > 0 {
            _ = try snapshots.purge(keeping: runtime.configuration.snapshotsMaximum)
        }
        _ = try snapshots.removeDatabases(olderThan: index)
    }
}
