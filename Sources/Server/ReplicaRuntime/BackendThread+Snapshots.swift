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
            try SnapshotRequest(
                from: reading, identity: identity,
                unnoted: RaftConfState(message.snapshot?.confState ?? ConfState())))
        runtime.carrier.send(OutgoingSnapshot(message: message, database: reading))
    }

    /// Puts the received database in the place of the present one and reads the state from it.
    /// What was applied and is not yet in the file is dropped: the snapshot holds it.
    func install(_ index: UInt64, _ answer: Mailbox<Confined<StateMachine>>) throws {
        // A copy of the former file is of no use; it is begun anew.
        defragmentation = nil
        do {
            try bolt.replace(byFileAt: snapshots.databasePath(index: index))
            answer.post(Confined(try state.reload()))
        } catch {
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
