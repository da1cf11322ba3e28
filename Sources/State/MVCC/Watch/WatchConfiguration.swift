/// Bounds of the watchers' work; the defaults are etcd's where etcd has one.
package struct WatchConfiguration: Sendable {
    /// Watchers that one round of catching up looks at.
    package var watchersPerRound: Int
    /// Transactions of history that one page holds.
    package var revisionsPerPage: Int
    /// Bytes of history, or of events made of it, after which a page takes no further transaction.
    /// A watcher gets its part of a page in one response.
    package var bytesPerPage: Int
    /// Bytes that are copied at most while the store's lock is held once.
    package var bytesPerSlice: Int

    /// Makes a configuration.
    package init(
        watchersPerRound: Int = 512, revisionsPerPage: Int = 1000, bytesPerPage: Int = 4 << 20,
        bytesPerSlice: Int = 1 << 20
    ) {
        self.watchersPerRound = watchersPerRound
        self.revisionsPerPage = revisionsPerPage
        self.bytesPerPage = bytesPerPage
        self.bytesPerSlice = bytesPerSlice
    }
}
