/// Faults chosen by hand, to lead a run along one path again and again.
package struct Scenario: Sendable {
    package let name: String
    package let members: Int
    /// Mean time between two faults of a kind, in milliseconds.
    package let intervalsMilliseconds: [FaultKind: Int64]
    /// Messages that get lost, in a million.
    package let lossMillionths: Int
    /// Entries between two snapshots; nil leaves it to the seed.
    package let snapshotCount: Int?
    /// Clients that live by a lease; nil leaves it to the seed.
    package let leaseHolders: Int?
    /// Size of the write buffer at which entries wait for the database; nil leaves it to the seed.
    package let overlayMaximumBytes: Int?

    package init(
        _ name: String, members: Int = 3, every intervalsMilliseconds: [FaultKind: Int64],
        lossMillionths: Int = 0, snapshotCount: Int? = nil, leaseHolders: Int? = nil,
        overlayMaximumBytes: Int? = nil
    ) {
        self.name = name
        self.members = members
        self.intervalsMilliseconds = intervalsMilliseconds
        self.lossMillionths = lossMillionths
        self.snapshotCount = snapshotCount
        self.leaseHolders = leaseHolders
        self.overlayMaximumBytes = overlayMaximumBytes
    }
}
