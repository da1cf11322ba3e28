package import Bolt
package import Identifiers
package import MonotonicClock
package import Raft
package import Stages
package import WriteAheadLog

/// Observes the threads, for metrics and logs. Called on the threads themselves: it must be quick
/// and must not block.
package protocol RuntimeObserver: ApplyObserver, Sendable {
    /// A leader's heartbeat leaves later than twice the interval after the one before, by so much.
    func heartbeatLate(to member: MemberID, exceeded: TimeSpan, interval: TimeSpan)
    func roleChanged(_ state: SoftState, term: Term)
    /// So many entries were applied, each of which was passed to `applied(_:_:began:)` before.
    func applied(entries: Int, took time: TimeSpan)
    /// - Parameter last: the index of the last entry; nil for a write without entries.
    func logWritten(bytes: Int, last: LogIndex?, took time: TimeSpan)
    func logSynchronized(took time: TimeSpan)
    func persisted(took time: TimeSpan, _ parts: CommitTimes)
    /// A step of a compaction is done: in the key index, or in the file.
    func compactionStep(took time: TimeSpan, isOfIndex: Bool)
    func compacted(revision: Revision, removed: Int, hash: UInt32)
    /// A snapshot is due: so many entries were applied since the last one.
    func snapshotBegins(index: LogIndex, former: LogIndex, count: Int)
    func snapshotSaved(index: LogIndex, term: Term, _ times: SnapshotTimes)
    /// Snapshot files and received databases were removed, or could not be.
    func purged(_ names: [String])
    func purgeFailed(_ error: SnapshotStoreError)
    /// Free pages of the database cannot be returned to the file system.
    func releaseFailed(_ error: BoltError)
    /// This member's NOSPACE alarm is about to end: so many bytes count against the quota.
    func endsSpaceAlarm(countedBytes: Int)
    /// A leader's snapshot begins to replace the state.
    func snapshotInstallationBegins(index: LogIndex)
    /// A leader's snapshot has replaced the state.
    func snapshotInstalled(index: LogIndex, revision: Revision, took time: TimeSpan)
    func leaseExpired()
    /// A proposal was refused or timed out.
    func proposalFailed()
    /// Reads were not confirmed in time.
    func readsFailed(_ count: Int)
    /// The member has stopped, since its responses could be wrong. Called once.
    func failed(_ reason: String)
}
