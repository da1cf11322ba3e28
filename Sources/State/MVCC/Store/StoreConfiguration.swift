/// What can be set about a store.
package struct StoreConfiguration: Sendable {
    /// Records looked at in one step of a compaction (etcd's `--compaction-batch-limit`).
    package var compactionBatchLimit: Int
    /// Keys that a reader visits at most while it holds the store's lock once.
    package var sliceKeys: Int
    /// Bytes that a reader copies at most while it holds the store's lock once.
    package var sliceBytes: Int
    /// Address space reserved for the key index.
    package var indexReservedBytes: Int

    /// etcd's defaults where etcd has one.
    package init(
        compactionBatchLimit: Int = 1000, sliceKeys: Int = 1024, sliceBytes: Int = 512 << 10,
        indexReservedBytes: Int = 64 << 30
    ) {
        self.compactionBatchLimit = compactionBatchLimit
        self.sliceKeys = sliceKeys
        self.sliceBytes = sliceBytes
        self.indexReservedBytes = indexReservedBytes
    }
}
