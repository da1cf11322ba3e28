package import EtcdAPI
package import Identifiers

/// Waits until all entries that a member knew to be committed at the start are applied.
package struct CommittedWait: Sendable {
    private let target: LogIndex
    private let deadline: Int64

    /// The time limit, as in etcd.
    static let milliseconds: Int64 = 1000
    /// How often to check.
    package static let pollMilliseconds: Int64 = 1

    /// - Parameter now: monotonic milliseconds.
    package init(_ status: ReplicaStatus, now: Int64) {
        target = status.commitIndex
        deadline = now + Self.milliseconds
    }

    /// Whether they are applied now.
    ///
    /// - Throws: `timeoutWaitingForAppliedIndex`.
    package func isOver(applied: LogIndex, now: Int64) throws(EtcdError) -> Bool {
        if applied >= target { return true }
        guard now < deadline else { throw .timeoutWaitingForAppliedIndex }
        return false
    }
}
