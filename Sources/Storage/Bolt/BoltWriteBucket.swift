/// A bucket of a write transaction, which sees the transaction's own changes.
package final class BoltWriteBucket {
    let context: WriteContext
    var tree: WriteTree
    /// Opened nested buckets, by name.
    var opened: [[UInt8]: BoltWriteBucket] = [:]
    var isDeleted = false

    /// The fill percentage of split pages, 0.1 to 1. Half by default; 0.9 for ascending keys, as in
    /// etcd.
    package var fillPercent = PageLayout.fillPercentDefault

    init(context: WriteContext, tree: WriteTree) {
        self.context = context
        self.tree = tree
    }

    /// Stores a value. Key and value are copied; an older value is replaced.
    package func put(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) throws(BoltError) {
        requireUsable()
        guard key.count > 0 else { throw .keyRequired }
        guard key.count <= PageLayout.keyBytesMax else { throw .keyTooLarge(sizeBytes: key.count) }
        guard value.count <= PageLayout.valueBytesMax else {
            throw .valueTooLarge(sizeBytes: value.count)
        }
        let done: Bool
        do {
            done = try tree.put(key, value, flags: 0)
        } catch {
            throw .corrupt(error)
        }
        if !done { throw .incompatibleValue }
    }

    /// Stores a value.
    package func put(_ key: [UInt8], _ value: [UInt8]) throws(BoltError) {
        try key.withBytes { keyBytes throws(BoltError) in
            try value.withBytes { valueBytes throws(BoltError) in
                try put(keyBytes, valueBytes)
            }
        }
    }

    /// Removes a key; false when there was none.
    @discardableResult
    package func delete(_ key: UnsafeRawBufferPointer) throws(BoltError) -> Bool {
        guard let item = try find(key) else { return false }
        if item.isBucket { throw .incompatibleValue }
        do {
            try tree.remove(key)
        } catch {
            throw .corrupt(error)
        }
        return true
    }

    /// Removes a key; false when there was none.
    @discardableResult
    package func delete(_ key: [UInt8]) throws(BoltError) -> Bool {
        try key.withBytes { bytes throws(BoltError) in try delete(bytes) }
    }

    /// The value of a key, nil when it is missing or a bucket. Valid while the transaction is open.
    package func get(_ key: UnsafeRawBufferPointer) throws(BoltError) -> UnsafeRawBufferPointer? {
        guard let item = try find(key), !item.isBucket else { return nil }
        return item.value
    }

    /// The value of a key as an array, nil when it is missing or a bucket.
    package func get(_ key: [UInt8]) throws(BoltError) -> [UInt8]? {
        try key.withBytes { bytes throws(BoltError) in try get(bytes).map { Array($0) } }
    }

    /// A cursor before the first entry. It may be kept while the bucket changes.
    package func cursor() -> BoltWriteCursor {
        requireUsable()
        return BoltWriteCursor(bucket: self)
    }

    /// The number that bbolt's `NextSequence` counts; etcd leaves it at 0.
    package var sequence: UInt64 { tree.header.sequence }

    /// Sets that number.
    package func setSequence(_ sequence: UInt64) throws(BoltError) {
        requireUsable()
        if sequence == tree.header.sequence { return }
        do {
            try tree.setSequence(sequence)
        } catch {
            throw .corrupt(error)
        }
    }

    func find(_ key: UnsafeRawBufferPointer) throws(BoltError) -> LeafItem? {
        requireUsable()
        do {
            return try tree.find(key)
        } catch {
            throw .corrupt(error)
        }
    }

    func requireUsable() {
        context.requireOpen()
        precondition(!isDeleted, "a bucket is not used after it was deleted")
    }
}
