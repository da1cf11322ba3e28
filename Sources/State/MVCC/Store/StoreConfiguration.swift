/// The configuration of a store.
package struct StoreConfiguration: Sendable {
    /// Records processed in one step of a compaction (etcd's `--compaction-batch-limit`).
    package var compactionBatchLimit: Int
    /// Maximum of keys that a reader visits under one hold of the store's lock.
    package var sliceKeys: Int
    /// Maximum of bytes that a reader copies under one hold of the store's lock.
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
