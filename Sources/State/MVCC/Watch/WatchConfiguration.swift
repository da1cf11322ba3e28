/// Bounds of the watchers' work; the defaults are etcd's where etcd has one.
package struct WatchConfiguration: Sendable {
    /// Watchers that one round of catching up looks at.
    package var watchersPerRound: Int
    /// Transactions of history that one round reads.
    package var revisionsPerRound: Int
    /// Bytes of history after which a round reads no further transaction.
    package var bytesPerRound: Int

    /// Makes a configuration.
    package init(
        watchersPerRound: Int = 512, revisionsPerRound: Int = 1000, bytesPerRound: Int = 1 << 20
    ) {
        self.watchersPerRound = watchersPerRound
        self.revisionsPerRound = revisionsPerRound
        self.bytesPerRound = bytesPerRound
    }
}
