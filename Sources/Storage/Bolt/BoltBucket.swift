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

    func rootPage() throws(PageFault) -> PageView {
        if let inline = header.inlinePage { return inline }
        return try transaction.source.page(header.root)
    }

    func find(_ key: UnsafeRawBufferPointer) -> LeafItem? {
        do throws(PageFault) {
            let source = transaction.source
            var page = try rootPage()
            var depth = 0
            while !page.isLeaf {
                guard page.count > 0 else { throw PageFault(page.id, .empty) }
                depth += 1
                guard depth < PageLayout.depthMax else { throw PageFault(page.id, .tooDeep) }
                page = try source.page(page.child(at: try page.childIndex(for: key)))
            }
            let place = try page.search(key)
            return place.found ? try page.item(at: place.index) : nil
        } catch {
            transaction.bolt.report(error)
            return nil
        }
    }
}
