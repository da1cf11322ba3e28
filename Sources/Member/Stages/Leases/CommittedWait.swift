package import EtcdAPI
package import Identifiers
package import MonotonicClock

/// Waits until all entries that a member knew to be committed at the start are applied.
package struct CommittedWait: Sendable {
    private let target: LogIndex
    private let deadline: MonotonicTime

    /// The time limit, as in etcd.
    static let timeout = TimeSpan.seconds(1)
    /// How often to check.
    package static let pollInterval = TimeSpan.milliseconds(1)

    /// - Parameter now: the present time.
    package init(_ status: ReplicaStatus, now: MonotonicTime) {
        target = status.commitIndex
        deadline = now + Self.timeout
    }

    /// Whether they are applied now.
    ///
    /// - Throws: `timeoutWaitingForAppliedIndex`.
    package func isOver(applied: LogIndex, now: MonotonicTime) throws(EtcdError) -> Bool {
        if applied >= target { return true }
        guard now < deadline else { throw .timeoutWaitingForAppliedIndex }
        return false
    }
}
