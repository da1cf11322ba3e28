package import Bolt
package import EtcdAPI
package import Identifiers
package import MVCC
package import MonotonicClock
package import Raft
package import StateMachine
package import WriteAheadLog

/// Input of the backend stage.
package enum BackendInput: Sendable {
    /// Write the write buffer soon: it is long. `isAwaited`: entries wait for it.
    case persist(isAwaited: Bool)
    /// Remove what is superseded at this revision.
    case compact(Revision)
    /// A snapshot of the replicated state is due.
    case snapshot(SnapshotRequest)
    /// The log's record of the snapshot at this index is durable.
    case snapshotRecorded(LogIndex)
    /// A member lags behind the log: send it the state with this message.
    case send(Raft.Message)
    /// Replace the state by that of a received snapshot.
    case install(Snapshot)
    /// Run this after the current write buffer has been written.
    case work(BackendWork)
    /// Release the file's free space and report the result.
    case defragment(DefragmentationCompletion)
}

/// Work on the database file, by its only writer.
package typealias BackendWork = @Sendable (BackendContext) -> Void

/// Called when a defragmentation has ended: the failure, nil on success.
package typealias DefragmentationCompletion = @Sendable (String?) -> Void

/// What backend work may use.
package struct BackendContext {
    package let store: Store
    package let bolt: Bolt
}

/// One indivisible step of the backend stage.
package enum BackendStep: Sendable {
    case takeWriteBuffer, commitWriteBuffer, publishWriteBuffer
    case reportPersisted
    case encodeSnapshot(SnapshotRequest), saveSnapshot(SnapshotRequest)
    case recordSnapshot(SnapshotRequest)
    case purgeSnapshots
    case send(Raft.Message)
    case replaceDatabase(Snapshot), reloadState(Snapshot), removeReceived(Snapshot)
    case work(BackendWork)
    case compact
    case beginDefragmentation, defragment
    case releasePages, freePages

    /// Writes the write buffer, in three steps.
    package static let persist: [BackendStep] = [
        .takeWriteBuffer, .commitWriteBuffer, .publishWriteBuffer,
    ]
}

/// An effect of the backend stage, in the order of the list.
package enum BackendEffect: Sendable {
    /// For the apply stage.
    case apply(ApplyInput)
    /// For the log stage: a snapshot file is durable.
    case recordSnapshot(LogSnapshotRecord)
    /// To another member.
    case send(OutgoingSnapshot)
    case ran(BackendWork, Confined<BackendContext>)
    case defragmented(DefragmentationCompletion, failure: String?)
    case snapshotBegins(index: LogIndex, former: LogIndex, count: Int)
    case snapshotSaved(index: LogIndex, term: Term, SnapshotTimes)
    case compacted(CompactionReport)
    /// Names of the snapshot files and received databases that were removed.
    case purged([String])
    case purgeFailed(SnapshotStoreError)
    /// Free pages cannot be returned to the file system; the file keeps them until the next start.
    case releaseFailed(BoltError)
}

/// How long the parts of saving a snapshot file took.
package struct SnapshotTimes: Sendable {
    package var encoding = TimeSpan.zero
    /// Until it was durable under its name.
    package var writing = TimeSpan.zero
    package var total: TimeSpan { encoding + writing }
}

/// A snapshot to be sent to another member: the message, and a view of the database as of the
/// message's index. The receiver ends the view.
package struct OutgoingSnapshot: Sendable {
    package let message: Raft.Message
    package let database: BoltReadTransaction
}
