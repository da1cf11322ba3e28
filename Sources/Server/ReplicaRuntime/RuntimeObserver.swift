package import Raft
package import Stages
package import WriteAheadLog

/// Who learns what the threads do, for metrics and logs. Called on the threads themselves: it
/// must be quick and must not wait.
package protocol RuntimeObserver: ApplyObserver, Sendable {
    /// A leader's heartbeat leaves so much later than twice the interval after the one before.
    func heartbeatLate(
        to member: MemberID, exceededNanoseconds: Int64, intervalMilliseconds: Int64)
    func roleChanged(_ state: SoftState, term: Term)
    /// So many entries were applied, each of which was shown by `applied` before.
    func applied(entries: Int, nanoseconds: Int64)
    func logWritten(bytes: Int, nanoseconds: Int64)
    func logSynchronized(nanoseconds: Int64)
    func persisted(nanoseconds: Int64)
    /// A step of a compaction was done: in the key index, or in the file.
    func compactionStep(nanoseconds: Int64, isOfIndex: Bool)
    func compacted(revision: Int64, removed: Int, hash: UInt32)
    /// A snapshot is due: so many entries were applied since the former one.
    func snapshotBegins(index: UInt64, former: UInt64, count: Int)
    func snapshotSaved(index: UInt64, term: UInt64, _ times: SnapshotTimes)
    /// Snapshot files and received databases were removed, or could not be.
    func purged(_ names: [String])
    func purgeFailed(_ error: SnapshotStoreError)
    /// A leader's snapshot has replaced the state; `milliseconds` is how long that took.
    func snapshotInstalled(index: UInt64, revision: Int64, milliseconds: Int64)
    func leaseExpired()
    /// A proposal was refused, or its time was over.
    func proposalFailed()
    /// Reads could not be confirmed in time.
    func readsFailed(_ count: Int)
    /// The member has stopped, since going on could answer wrongly. Called once.
    func failed(_ reason: String)
}
