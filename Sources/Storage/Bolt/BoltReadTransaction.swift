internal import Disk

/// A view of one committed state, unchanged until `end`.
///
/// It pins the pages of that state: the writer does not reuse them, so a long-lived view makes the
/// file grow. Returned pointers are valid until `end`.
package final class BoltReadTransaction: @unchecked Sendable {
    // `@unchecked Sendable`: used by one thread at a time; only `isEnded` ever changes.
    let bolt: Bolt
    let meta: MetaRecord
    let source: PageSource
    private let replacements: Int
    private var isEnded = false

    init(bolt: Bolt, meta: MetaRecord, mapping: any DiskMapping, replacements: Int) {
        self.bolt = bolt
        self.replacements = replacements
        self.meta = meta
        source = PageSource(
            mapping: mapping, pageSizeBytes: meta.pageSizeBytes, highWater: meta.highWater)
    }

    deinit {
        end()
    }

    /// Releases the pages. Ending twice is allowed.
    package func end() {
        if isEnded { return }
        isEnded = true
        bolt.endRead(meta.transaction, replacements: replacements)
    }

    /// Number of the visible commit.
    package var transactionNumber: UInt64 { meta.transaction }

    /// Bytes of the state's file image, as returned by `readPages`: a multiple of the page size.
    package var sizeBytes: Int { source.byteCount }

    /// The bucket of that name, nil when there is none.
    package func bucket(_ name: [UInt8]) throws(PageFault) -> BoltBucket? {
        try root.bucket(name)
    }

    /// Visits the buckets in the order of their names.
    package func forEachBucket(
        _ body: (_ name: [UInt8], _ bucket: BoltBucket) throws(PageFault) -> Void
    ) throws(PageFault) {
        var cursor = root.cursor()
        var item = try cursor.first()
        while let (key, _) = item {
            if let bucket = try cursor.nestedBucket() { try body(Array(key), bucket) }
            item = try cursor.next()
        }
    }

    /// The root bucket, which contains all others.
    package var root: BoltBucket {
        BoltBucket(
            transaction: self, header: BucketHeader(root: meta.root, sequence: meta.sequence))
    }
}
