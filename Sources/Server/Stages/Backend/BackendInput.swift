package import Bolt
package import EtcdAPI
package import MVCC
package import Raft
package import StateMachine
package import WriteAheadLog

/// What reaches the backend stage.
package enum BackendInput: Sendable {
    /// Write the overlay soon: it has become long. `isAwaited`: entries wait for it.
    case persist(isAwaited: Bool)
    /// Remove what is superseded at this revision.
    case compact(Int64)
    /// A snapshot of the replicated state is due.
    case snapshot(SnapshotRequest)
    /// The log's record of the snapshot at this index is durable.
    case snapshotRecorded(UInt64)
    /// A member is behind the log: send it the state with this message.
    case send(Raft.Message)
    /// Replace the state by that of a received snapshot.
    case install(Snapshot)
    /// Run this after the overlay as it is now has been written.
    case work(BackendWork)
    /// Give the file's free space back, and tell how that went.
    case defragment(DefragmentationCompletion)
}

/// Work on the database file, by its only writer.
package typealias BackendWork = @Sendable (BackendContext) -> Void

/// Called once a defragmentation has ended: what went wrong, nil if nothing did.
package typealias DefragmentationCompletion = @Sendable (String?) -> Void

/// What backend work may use.
package struct BackendContext {
    package let store: Store
    package let bolt: Bolt
}

/// One indivisible piece of the backend stage's work.
package enum BackendStep: Sendable {
    case takeOverlay, commitOverlay, publishOverlay
    case reportPersisted
    case encodeSnapshot(SnapshotRequest), saveSnapshot(SnapshotRequest)
    case recordSnapshot(SnapshotRequest)
    case purgeSnapshots
    case send(Raft.Message)
    case replaceDatabase(Snapshot), reloadState(Snapshot), removeReceived(Snapshot)
    case work(BackendWork)
    case compact
    case beginDefragmentation, defragment

    /// What writes the overlay, in three pieces.
    package static let persist: [BackendStep] = [.takeOverlay, .commitOverlay, .publishOverlay]
}

/// One thing that the backend stage wants done, in the order of the list.
package enum BackendEffect: Sendable {
    /// For the apply stage.
    case apply(ApplyInput)
    /// For the log stage: a snapshot file is durable.
    case recordSnapshot(LogSnapshotRecord)
    /// To another member.
    case send(OutgoingSnapshot)
    case ran(BackendWork, Confined<BackendContext>)
    case defragmented(DefragmentationCompletion, failure: String?)
    case snapshotBegins(index: UInt64, former: UInt64, count: Int)
    case snapshotSaved(index: UInt64, term: UInt64, SnapshotTimes)
    case compacted(CompactionReport)
    /// Names of the snapshot files and received databases that were removed.
    case purged([String])
    case purgeFailed(SnapshotStoreError)
}

/// How long the parts of storing a snapshot file took, in nanoseconds.
package struct SnapshotTimes: Sendable {
    package var encoding: Int64 = 0
    /// Until it was durable under its name.
    package var writing: Int64 = 0
    package var total: Int64 { encoding + writing }
}

/// A snapshot on its way to another member: the message, and a view of the database as of the
/// message's index. The view is the receiver's to end.
package struct OutgoingSnapshot: Sendable {
    package let message: Raft.Message
    package let database: BoltReadTransaction
}
