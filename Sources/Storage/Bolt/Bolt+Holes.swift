internal import Disk

/// Free pages of which the file still holds the blocks.
extension Bolt {
    /// System calls of one slice; each makes a hole of one run of pages.
    private static let runsMax = 256

    private var pageSizeBytes: Int { shared.withLock { $0.meta.pageSizeBytes } }

    /// The bytes that `releaseFreePages` can return to the file system. Read it on the writer's
    /// thread.
    package var heldFreeBytes: Int {
        freePages.heldCount * pageSizeBytes
    }

    /// Whether pages that are free now may be released: not before the next commit otherwise. Read it
    /// on the writer's thread.
    package var canReleaseFreePages: Bool { freePages.releasedAt < transactionNumber }

    /// The bytes that commits have freed, and that `commitAgain` or a later commit makes free, as
    /// far as no reader needs them. Read it on the writer's thread.
    package var pendingFreeBytes: Int {
        freePages.pendingCount * pageSizeBytes
    }

    /// Commits the present state as it is: what the last commit freed becomes free, and the meta
    /// page that still reaches it is overwritten.
    package func commitAgain() throws(BoltError) {
        let write = beginWrite()
        do {
            _ = try write.root.tree.materializeRoot()
        } catch {
            write.rollback()
            throw .corrupt(error)
        }
        try write.commit()
    }

    /// Returns the blocks of free pages to the file system, at most `pagesMax` pages, so that space
    /// is released without a defragmentation. Call it on the writer's thread in small steps.
    ///
    /// Only pages that no open reader can see and that neither meta page reaches are released: they
    /// were free before the last commit began. Returns the number of released pages; 0 when no more
    /// than `keptBytes` are held, or until a commit frees more. What `moveEnd` is about to cut
    /// off is not kept.
    @discardableResult
    package func releaseFreePages(
        keepingBytes keptBytes: Int = 0, pagesMax: Int
    ) throws(BoltError) -> Int {
        precondition(!isWriting, "holes are made with no write transaction open")
        try requireHealthy()
        let (pageSizeBytes, number) = shared.withLock {
            ($0.meta.pageSizeBytes, $0.meta.transaction)
        }
        guard freePages.releasedAt < number else { return 0 }
        var pages = 0
        let runs = freePages.heldRuns(
            keeping: keptBytes / pageSizeBytes, until: endMove.goal, pagesMax: pagesMax,
            runsMax: Self.runsMax)
        for run in runs {
            do {
                try file.content.punchHole(
                    at: run.first.index * pageSizeBytes, count: run.count * pageSizeBytes)
            } catch {
                throw .disk(error)
            }
            freePages.markPunched(run)
            pages += run.count
        }
        return pages
    }
}
