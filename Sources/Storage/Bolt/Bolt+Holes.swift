internal import Disk

extension Bolt {
    /// Returns the blocks of free pages to the file system, at most `pagesMax` pages, so that space
    /// is released without a defragmentation. Call it on the writer's thread in small steps.
    ///
    /// Only pages that no open reader can see and that neither meta page reaches are released: they
    /// were free before the last commit began. Returns the number of released pages; 0 until a
    /// commit frees more.
    @discardableResult
    package func releaseFreePages(pagesMax: Int) throws(BoltError) -> Int {
        precondition(!isWriting, "holes are made with no write transaction open")
        try requireHealthy()
        let (pageSizeBytes, number) = shared.withLock {
            ($0.meta.pageSizeBytes, $0.meta.transaction)
        }
        guard freePages.releasedAt < number else { return 0 }
        var pages = 0
        for run in freePages.unpunchedRuns(pagesMax: pagesMax) {
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
