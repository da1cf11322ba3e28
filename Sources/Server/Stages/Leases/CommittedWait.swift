package import EtcdAPI

/// Waits until everything that a member knew to be committed at the begin is applied.
package struct CommittedWait: Sendable {
    private let target: UInt64
    private let deadline: Int64

    /// How long, as in etcd.
    static let milliseconds: Int64 = 1000
    /// How often to look.
    package static let pauseMilliseconds: Int64 = 1

    /// - Parameter now: monotonic milliseconds.
    package init(_ status: ReplicaStatus, now: Int64) {
        target = status.commitIndex.rawValue
        deadline = now + Self.milliseconds
    }

    /// Whether that is so by now.
    ///
    /// - Throws: `timeoutWaitingForAppliedIndex`.
    package func isOver(applied: UInt64, now: Int64) throws(EtcdError) -> Bool {
        if applied >= target { return true }
        guard now < deadline else { throw .timeoutWaitingForAppliedIndex }
        return false
    }
}
