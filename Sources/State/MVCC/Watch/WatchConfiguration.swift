/// Limits of the watch dispatcher; the defaults are etcd's where etcd has one.
package struct WatchConfiguration: Sendable {
    /// Watchers that one pass of `syncWatchers` handles (etcd's `maxWatchersPerSync`).
    package var watchersPerSyncMax: Int
    /// Transactions of history in one page.
    package var revisionsPerPage: Int
    /// Bytes of history, or of the events made of it, after which no further transaction is added
    /// to a page. A watcher gets its part of a page in one response.
    package var bytesPerPage: Int
    /// Bytes copied under one hold of the store's lock.
    package var bytesPerSlice: Int

    /// Makes a configuration.
    package init(
        watchersPerSyncMax: Int = 512, revisionsPerPage: Int = 1000, bytesPerPage: Int = 4 << 20,
        bytesPerSlice: Int = 1 << 20
    ) {
        self.watchersPerSyncMax = watchersPerSyncMax
        self.revisionsPerPage = revisionsPerPage
        self.bytesPerPage = bytesPerPage
        self.bytesPerSlice = bytesPerSlice
    }
}
