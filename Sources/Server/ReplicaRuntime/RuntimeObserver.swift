package import Raft
package import StateMachine

/// Who learns what the threads do, for metrics and logs. Called on the threads themselves: it
/// must be quick and must not wait.
package protocol RuntimeObserver: AnyObject, Sendable {
    func roleChanged(_ state: SoftState, term: Term)
    func applied(entries: Int, nanoseconds: Int64)
    func applied(_ operation: StaticString, _ outcome: ApplyOutcome)
    func logWritten(bytes: Int, nanoseconds: Int64)
    func logSynchronized(nanoseconds: Int64)
    func persisted(nanoseconds: Int64)
    func compactionStep(nanoseconds: Int64)
    func compacted(revision: Int64, removed: Int, hash: UInt32)
    func snapshotSaved(index: UInt64, term: UInt64)
    /// A leader's snapshot has replaced the state; `nanoseconds` is how long that took.
    func snapshotInstalled(index: UInt64, revision: Int64, nanoseconds: Int64)
    func leaseExpired()
    /// A proposal was refused, or its time was over.
    func proposalFailed()
    /// Reads could not be confirmed in time.
    func readsFailed(_ count: Int)
    /// The member has stopped, since going on could answer wrongly. Called once.
    func failed(_ reason: String)
}
