package import MonotonicClock

/// Faults chosen by hand that lead runs along one path.
package struct Scenario: Sendable {
    package let name: String
    package let members: Int
    /// Mean time between two faults of a kind.
    package let intervals: [FaultKind: TimeSpan]
    /// Lost messages, in millionths.
    package let lossMillionths: Int
    /// Entries between two snapshots; nil lets the seed choose.
    package let snapshotCount: Int?
    /// Clients that depend on a lease; nil lets the seed choose.
    package let leaseHolders: Int?
    /// Size of the write buffer at which entries wait for the database; nil lets the seed choose.
    package let writeBufferBytesMax: Int?
    /// Whether there are users, whose permissions change.
    package let hasUsers: Bool

    package init(
        _ name: String, members: Int = 3, every intervals: [FaultKind: TimeSpan],
        lossMillionths: Int = 0, snapshotCount: Int? = nil, leaseHolders: Int? = nil,
        writeBufferBytesMax: Int? = nil, hasUsers: Bool = false
    ) {
        self.name = name
        self.members = members
        self.intervals = intervals
        self.lossMillionths = lossMillionths
        self.snapshotCount = snapshotCount
        self.leaseHolders = leaseHolders
        self.writeBufferBytesMax = writeBufferBytesMax
        self.hasUsers = hasUsers
    }
}
