/// A bucket as a read transaction sees it.
///
/// Lookups cannot throw: a broken page counts as absent and sets `Bolt.corruption`.
package struct BoltBucket {
    let transaction: BoltReadTransaction
    let header: BucketHeader

    /// The number that bbolt's `NextSequence` counts; etcd leaves it at 0.
    package var sequence: UInt64 { header.sequence }

    /// The value of a key, nil when it is missing or a bucket. Valid while the transaction is open.
    package func get(_ key: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let item = find(key), !item.isBucket else { return nil }
        return item.value
    }

    /// The value of a key as an array, nil when it is missing or a bucket.
    package func get(_ key: [UInt8]) -> [UInt8]? {
        key.withBytes { bytes in get(bytes).map { Array($0) } }
    }

    /// A bucket inside this one, nil when there is none of that name.
    package func bucket(_ name: [UInt8]) -> BoltBucket? {
        name.withBytes { bytes in
            guard let item = find(bytes), item.isBucket else { return nil }
            return open(item.value)
        }
    }

    /// A cursor before the first entry.
    package func cursor() -> BoltCursor {
        BoltCursor(bucket: self)
    }

    func open(_ value: UnsafeRawBufferPointer) -> BoltBucket? {
        do throws(PageFault) {
            let header = try BucketHeader(value: value, page: header.root)
            return BoltBucket(transaction: transaction, header: header)
        } catch {
            transaction.bolt.report(error)
            return nil
        }
    }

    /// A finder for many lookups. Valid while the transaction is open.
    package var finder: BoltFinder {
        BoltFinder(window: transaction.source.window, header: header)
    }

    func rootPage() throws(PageFault) -> PageView {
        try finder.rootPage()
    }

    func find(_ key: UnsafeRawBufferPointer) -> LeafItem? {
        do throws(PageFault) {
            var finder = finder
            return try finder.find(key)
        } catch {
            transaction.bolt.report(error)
            return nil
        }
    }
}
