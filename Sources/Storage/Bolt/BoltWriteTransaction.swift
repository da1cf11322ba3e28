internal import Disk
internal import MonotonicClock

/// A write transaction: its changes become one committed state, or none.
///
/// It is used on the writer's thread. Returned pointers are valid until commit or rollback.
package final class BoltWriteTransaction {
    let bolt: Bolt
    let meta: MetaRecord
    let context: WriteContext
    /// The root bucket, which contains all others.
    package let root: BoltWriteBucket
    private var times = CommitTimes()

    init(bolt: Bolt, meta: MetaRecord, mapping: any DiskMapping) {
        self.bolt = bolt
        self.meta = meta
        let source = PageSource(
            mapping: mapping, pageSizeBytes: meta.pageSizeBytes, highWater: meta.highWater)
        context = WriteContext(
            source: source, freePages: bolt.freePages, transaction: meta.transaction + 1)
        let header = BucketHeader(root: meta.root, sequence: meta.sequence)
        root = BoltWriteBucket(
            context: context, tree: WriteTree(context: context, header: header))
    }

    deinit {
        if context.isOpen { rollback() }
    }

    /// Whether it is neither committed nor rolled back.
    package var isOpen: Bool { context.isOpen }

    /// The bucket of that name, nil when there is none.
    package func bucket(_ name: [UInt8]) throws(BoltError) -> BoltWriteBucket? {
        try root.bucket(name)
    }

    /// The bucket of that name, created empty when there is none.
    @discardableResult
    package func createBucketIfMissing(_ name: [UInt8]) throws(BoltError) -> BoltWriteBucket {
        try root.createBucketIfMissing(name)
    }

    /// Deletes a bucket with its content; false when there was none.
    @discardableResult
    package func deleteBucket(_ name: [UInt8]) throws(BoltError) -> Bool {
        try root.deleteBucket(name)
    }

    /// Drops all changes.
    package func rollback() {
        context.requireOpen()
        context.isOpen = false
        context.freePages.unmarkPending(context.freed)
        bolt.isWriting = false
    }

    /// Makes the changes durable and visible to readers that begin afterwards.
    ///
    /// The order is bbolt's: pages, sync, meta page, sync. After any failure the transaction is
    /// rolled back. When pages could not be written (disk full) the file is unchanged and later
    /// commits may succeed; when a sync or the meta page failed the state of the disk is unknown,
    /// and every later commit fails with `.failedBefore`.
    package func commit() throws(BoltError) {
        context.requireOpen()
        do throws(BoltError) {
            try bolt.requireHealthy()
            let pages = PageWriter(
                freePages: context.freePages, pageSizeBytes: meta.pageSizeBytes,
                highWater: meta.highWater)
            do throws(BoltError) {
                try write(pages)
            } catch {
                pages.abandon()
                throw error
            }
        } catch {
            rollback()
            throw error
        }
        context.isOpen = false
        bolt.isWriting = false
    }

    private func write(_ pages: PageWriter) throws(BoltError) {
        guard try flush(root, pages) else { return }
        let commit = TreeCommit(
            context: context, pages: pages, fillPercent: PageLayout.fillPercentDefault)
        var next = meta
        next.transaction = context.transaction
        do {
            let node = try rebalance(root, commit)
            next.root = try spill(node, commit)
            if meta.freelist != .noFreelist {
                try context.free(try context.source.rawRun(meta.freelist))
            }
        } catch {
            throw .corrupt(error)
        }
        if bolt.configuration.freelistOnDisk {
            next.freelist = writeFreelist(pages)
            next.highWater = pages.highWater
        } else {
            next.freelist = .noFreelist
            next.highWater = context.freePages.highWater(cutFrom: pages.highWater)
        }
        try bolt.persist(pages, meta: next)
        context.freePages.commit(
            freed: context.freed, taken: pages.runs, transaction: next.transaction,
            pageCount: next.highWater.index)
        bolt.publish(next)
        bolt.shorten()
        bolt.commitTimes = times
    }

    /// Updates the elements of all changed buckets in `bucket`; returns whether the bucket itself
    /// changed.
    private func flush(_ bucket: BoltWriteBucket, _ pages: PageWriter) throws(BoltError) -> Bool {
        let names = bucket.opened.keys.sorted { $0.lexicographicallyPrecedes($1) }
        for name in names {
            guard let nested = bucket.opened[name], try flush(nested, pages) else { continue }
            try bucket.putBucket(name, try value(of: nested, pages))
        }
        return bucket.tree.root != nil
    }

    /// Writes a changed bucket's tree and returns the value of its element.
    private func value(
        of bucket: BoltWriteBucket, _ pages: PageWriter
    ) throws(BoltError) -> [UInt8] {
        let commit = TreeCommit(
            context: context, pages: pages, fillPercent: bucket.fillPercent)
        let sequence = bucket.tree.header.sequence
        do {
            let node = try rebalance(bucket, commit)
            if InlineBucket.fits(node, pageSizeBytes: meta.pageSizeBytes) {
                try context.freeOrigin(of: node)
                return InlineBucket.encode(node, sequence: sequence)
            }
            var header = [UInt8](repeating: 0, count: PageLayout.bucketHeaderBytes)
            let root = try spill(node, commit)
            header.withMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return }
                BucketHeader(root: root, sequence: sequence).encode(to: base)
            }
            return header
        } catch {
            throw .corrupt(error)
        }
    }

    private func rebalance(
        _ bucket: BoltWriteBucket, _ commit: TreeCommit
    ) throws(PageFault) -> TreeNode {
        let began = bolt.configuration.now()
        defer { times.rebalancing = times.rebalancing + (bolt.configuration.now() - began) }
        return try commit.rebalance(root: try bucket.tree.materializeRoot())
    }

    private func spill(_ node: TreeNode, _ commit: TreeCommit) throws(PageFault) -> PageID {
        let began = bolt.configuration.now()
        defer { times.spilling = times.spilling + (bolt.configuration.now() - began) }
        return try commit.spill(root: node)
    }

    /// Stores the pages that no tree of the new state uses. The list's own pages are allocated
    /// first, and may be more than it needs.
    private func writeFreelist(_ pages: PageWriter) -> PageID {
        let count =
            context.freePages.freeCount + context.freePages.pendingCount
            + context.freed.reduce(0) { $0 + $1.count }
        let pageCount = FreelistPage.pageCount(count, pageSizeBytes: meta.pageSizeBytes)
        let run = pages.allocate(pageCount: pageCount)
        let image = pages.image(of: run, usedBytes: 0)
        FreelistPage.write(context.freePages.allUnused(), run: run, to: image)
        return run.first
    }
}
