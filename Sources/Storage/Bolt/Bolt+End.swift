internal import Disk

/// The end of the file, where nothing is in use, or little that can be moved.
///
/// A commit lowers the high-water mark below free pages whose blocks were returned. The file itself
/// becomes shorter when nothing reaches beyond the new mark any more: neither of the meta pages, nor
/// a reader, who may copy all pages of the state that he sees.
extension Bolt {
    /// Whether a commit, even one without changes, would lower the high-water mark, or is what the
    /// file waits for to become shorter. Read it on the writer's thread.
    package var endAwaitsCommit: Bool {
        let meta = shared.withLock { $0.meta }
        guard !configuration.freelistOnDisk else { return false }
        return freePages.highWater(cutFrom: meta.highWater) < meta.highWater
            || meta.transaction == loweredAt && excessBytes(meta) > 0
    }

    /// Moves pages in use at the end of the file to free pages before them, if they are few among many
    /// free ones, by a commit without other changes. Returns whether it did: then the next commits
    /// and `releaseFreePages` make the file shorter. Call it on the writer's thread.
    ///
    /// - Parameters:
    ///   - keptBytes: as `releaseFreePages` was called with; half of them stay now.
    ///   - pagesMax: the pages to move, and at least so many are to be cut off.
    package func moveEnd(
        keepingBytes keptBytes: Int = 0, pagesMax: Int
    ) throws(BoltError) -> Bool {
        precondition(!isWriting, "pages are moved with no write transaction open")
        try requireHealthy()
        let (highWater, pageSizeBytes) = shared.withLock {
            ($0.meta.highWater, $0.meta.pageSizeBytes)
        }
        guard !configuration.freelistOnDisk, endMove.tried != highWater,
            let goal = freePages.possibleEnd(
                below: highWater, keeping: keptBytes / pageSizeBytes, pagesMax: pagesMax)
        else { return false }
        endMove = EndMove(tried: highWater)
        let write = beginWrite()
        do throws(BoltError) {
            guard try write.load(pagesFrom: goal) else {
                write.rollback()
                return false
            }
        } catch {
            write.rollback()
            throw error
        }
        try write.commit()
        endMoveCount += 1
        let moved = shared.withLock { $0.meta.highWater }
        endMove = moved > highWater ? EndMove(tried: moved) : EndMove(tried: highWater, goal: goal)
        return true
    }

    /// Bytes of the file beyond what `grow` would make, if they are more than a step of growth.
    private func excessBytes(_ meta: MetaRecord) -> Int {
        let excess = fileSizeBytes - sizeWithGrowth(meta.highWater.index, meta.pageSizeBytes)
        return excess > configuration.growthStepBytes ? excess : 0
    }

    /// Cuts off what nothing reaches. A file that stays too long does no harm: the next commit tries
    /// again.
    func shorten() {
        let (meta, firstReader) = shared.withLock { state in
            (state.meta, state.readers.transactions.first)
        }
        let excess = excessBytes(meta)
        guard excess > 0, meta.transaction > loweredAt, firstReader ?? .max >= loweredAt else {
            return
        }
        do {
            try file.content.truncate(to: fileSizeBytes - excess)
            fileSizeBytes -= excess
        } catch {}
    }
}

/// An attempt to move what is in use at the end of the file.
struct EndMove {
    private static let none = PageID(rawValue: UInt64(Int.max))

    /// The high-water mark then: it is not tried again until that has changed.
    var tried: PageID?
    /// What is free from there on is returned to the file system, until the mark changes.
    var goal = EndMove.none

    /// The end has been cut, or the file grows.
    mutating func markChanged() { goal = Self.none }
}

extension BoltWriteTransaction {
    /// Loads pages in use into memory, so that the commit writes them elsewhere; returns whether
    /// there are any. Pages of buckets within buckets stay.
    fileprivate func load(pagesFrom start: PageID) throws(BoltError) -> Bool {
        let buckets = try [root] + openBuckets()
        var isAny = false
        var page = start
        while page < meta.highWater {
            let count = try wrappingPageFaults { () throws(PageFault) in
                try load(page, of: buckets)
            }
            isAny = isAny || count > 0
            page = PageID(page.index + max(count, 1))
        }
        return isAny
    }

    /// The pages of the loaded run. 0 for a free page, for one that no tree leads to, and for an
    /// overflow page, whatever it holds.
    private func load(
        _ page: PageID, of buckets: [BoltWriteBucket]
    ) throws(PageFault) -> Int {
        guard !context.freePages.isUnused(page), let view = try? context.source.page(page) else {
            return 0
        }
        for bucket in buckets where try bucket.tree.load(view) {
            return view.run(pageSizeBytes: meta.pageSizeBytes).count
        }
        return 0
    }

    private func openBuckets() throws(BoltError) -> [BoltWriteBucket] {
        var buckets: [BoltWriteBucket] = []
        var cursor = root.cursor()
        while let (name, _) = try cursor.next() {
            guard cursor.isAtBucket, let bucket = try root.bucket(Array(name)) else { continue }
            buckets.append(bucket)
        }
        return buckets
    }
}
