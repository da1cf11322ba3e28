/// The configuration of a store.
package struct StoreConfiguration: Sendable {
    /// Records processed in one step of a compaction (etcd's `--compaction-batch-limit`).
    package var compactionBatchMax: Int
    /// Maximum of keys that a reader visits under one hold of the store's lock.
    package var sliceKeys: Int
    /// Maximum of bytes that a reader copies for one slice.
    package var sliceBytes: Int
    /// Address space reserved for the key index.
    package var indexReservedBytes: Int

    /// etcd's defaults where etcd has one.
    package init(
        compactionBatchMax: Int = 1000, sliceKeys: Int = 1024, sliceBytes: Int = 512 << 10,
        indexReservedBytes: Int = 64 << 30
    ) {
        self.compactionBatchMax = compactionBatchMax
        self.sliceKeys = sliceKeys
        self.sliceBytes = sliceBytes
        self.indexReservedBytes = indexReservedBytes
    }
}
