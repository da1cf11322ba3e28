/// Limits of one member that are the caller's, not Raft's.
package struct ReplicaSettings: Sendable {
    /// Applied entries between two snapshots.
    package var snapshotCount: Int
    /// Entries kept behind a snapshot for followers that lag.
    package var catchUpEntries: Int
    /// Ticks after which a read round without an answer is asked anew.
    package let readRetryTicks: Int
    /// Ticks after a delivered snapshot during which the log in memory is not cut, so that its
    /// receiver can go on from it.
    package let tailHoldTicks: Int
    /// Whether the caller applies entries of `ReplicaEffect.write` by itself.
    package var appliesSingleVoterCommits = false

    /// Both as in etcd.
    private static let readRetryMilliseconds = 500
    private static let tailHoldMilliseconds = 30_000

    /// - Parameter tickMilliseconds: length of a tick.
    package init(snapshotCount: Int, catchUpEntries: Int, tickMilliseconds: Int) {
        precondition(tickMilliseconds > 0, "a tick takes time")
        self.snapshotCount = snapshotCount
        self.catchUpEntries = catchUpEntries
        readRetryTicks = Self.ticks(Self.readRetryMilliseconds, of: tickMilliseconds)
        tailHoldTicks = Self.ticks(Self.tailHoldMilliseconds, of: tickMilliseconds)
    }

    /// Ticks that take at least this time.
    private static func ticks(_ milliseconds: Int, of tickMilliseconds: Int) -> Int {
        1 + (milliseconds - 1) / tickMilliseconds
    }
}
