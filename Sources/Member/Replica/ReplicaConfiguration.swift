package import MonotonicClock

/// Limits of one member that belong to the caller, not to Raft.
package struct ReplicaConfiguration: Sendable {
    /// Applied entries between two snapshots.
    package var snapshotCount: Int
    /// Entries kept before a snapshot for lagging followers.
    package var catchUpEntries: Int
    /// Ticks after which a ReadIndex batch without a response is retried.
    package let readRetryTicks: Int
    /// Ticks after a delivered snapshot during which the log in memory is not compacted, so that
    /// its receiver can continue from it.
    package let tailHoldTicks: Int
    /// Whether the caller itself applies the entries of `ReplicaEffect.write`.
    package var appliesSingleVoterCommits = false
    /// Entries and bytes of a write that is committed as a single voter's, and entries that may wait
    /// to be applied meanwhile: only small writes take the short path, because Raft's limit on
    /// unapplied entries does not count them, and a busy member makes many durable at once anyway.
    package var singleVoterEntriesMax = 64
    package var singleVoterBytesMax = 64 << 10
    package var singleVoterUnappliedMax = 256

    /// Both as in etcd.
    private static let readRetryTime = TimeSpan.milliseconds(500)
    private static let tailHoldTime = TimeSpan.seconds(30)

    /// - Parameter tickInterval: length of a tick.
    package init(snapshotCount: Int, catchUpEntries: Int, tickInterval: TimeSpan) {
        precondition(tickInterval > .zero, "the tick interval must be positive")
        self.snapshotCount = snapshotCount
        self.catchUpEntries = catchUpEntries
        readRetryTicks = Self.ticks(Self.readRetryTime, of: tickInterval)
        tailHoldTicks = Self.ticks(Self.tailHoldTime, of: tickInterval)
    }

    /// The number of ticks that take at least this time.
    private static func ticks(_ time: TimeSpan, of tickInterval: TimeSpan) -> Int {
        1 + Int((time - .nanoseconds(1)) / tickInterval)
    }
}
