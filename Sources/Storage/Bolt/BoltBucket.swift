/// A bucket in a read transaction.
///
/// A lookup that reads a damaged page throws; a key is reported missing only if all pages are
/// sound.
package struct BoltBucket {
    let transaction: BoltReadTransaction
    let header: BucketHeader

    /// The number that bbolt's `NextSequence` counts; etcd leaves it at 0.
    package var sequence: UInt64 { header.sequence }

    /// The value of a key, nil when it is missing or a bucket. Valid while the transaction is open.
    package func get(
        _ key: UnsafeRawBufferPointer
    ) throws(PageFault) -> UnsafeRawBufferPointer? {
        guard let item = try find(key), !item.isBucket else { return nil }
        return item.value
    }

    /// The value of a key as an array, nil when it is missing or a bucket.
    package func get(_ key: [UInt8]) throws(PageFault) -> [UInt8]? {
        try key.withBytes { bytes throws(PageFault) in try get(bytes).map { Array($0) } }
    }

    /// A bucket inside this one, nil when there is none of that name.
    package func bucket(_ name: [UInt8]) throws(PageFault) -> BoltBucket? {
        try name.withBytes { bytes throws(PageFault) in
            guard let item = try find(bytes), item.isBucket else { return nil }
            return try open(item.value)
        }
    }

    /// A cursor before the first entry.
    package func cursor() -> BoltCursor {
        BoltCursor(bucket: self)
    }

    func open(_ value: UnsafeRawBufferPointer) throws(PageFault) -> BoltBucket {
        let header = try BucketHeader(value: value, page: header.root)
        return BoltBucket(transaction: transaction, header: header)
    }

    /// A finder for many lookups. Valid while the transaction is open.
    package var finder: BoltFinder {
        BoltFinder(window: transaction.source.window, header: header)
    }

    func rootPage() throws(PageFault) -> PageView {
        try finder.rootPage()
    }

    func find(_ key: UnsafeRawBufferPointer) throws(PageFault) -> LeafItem? {
        var finder = finder
        return try finder.find(key)
    }
}
