internal import Disk

extension Bolt {
    /// Gives the blocks of free pages back to the file system, `maxPages` at the most, so that
    /// space returns without a defragmentation. Call it on the writer's thread in small steps.
    ///
    /// Only pages that no open reader can see are concerned, and that neither meta page reaches:
    /// they were free before the last commit began. Returns the pages given back; 0 means that
    /// there is nothing to do until a commit frees more.
    @discardableResult
    package func releaseFreePages(maxPages: Int) throws(BoltError) -> Int {
        precondition(!isWriting, "holes are made with no write transaction open")
        try requireHealthy()
        let (pageSizeBytes, number) = shared.withLock {
            ($0.meta.pageSizeBytes, $0.meta.transaction)
        }
        guard freePages.releasedAt < number else { return 0 }
        var pages = 0
        for run in freePages.unpunchedRuns(pagesMax: maxPages) {
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
