/// The freelist in memory: the pages that may be reused.
///
/// A page is free, pending or in use. Pending pages were freed by a commit; they become free when
/// no open reader sees a state between the commit that allocated them and the one that freed them.
/// So a long-lived reader, such as a snapshot being sent, pins the pages it sees and no pages that
/// were allocated and freed since. The writer owns this object exclusively.
///
/// Invariants: no page is free and pending at once; pages 0 and 1 are neither; both sets are below
/// the high-water mark; held pages are free.
final class FreePages: @unchecked Sendable {
    // `@unchecked Sendable`: used by the one writer only, which is one thread at a time.
    private(set) var free: PageBitmap
    private(set) var freeCount: Int
    private(set) var pending: PageBitmap
    /// Pending pages of committed transactions.
    private(set) var pendingCount = 0
    /// The runs that each commit freed, oldest first.
    private var pendingByTransaction: [(transaction: UInt64, runs: [PageRun])] = []
    /// The commit that allocated a run, at its first page, counted from `openedAt`; 0 for earlier
    /// ones.
    private var allocatedAt: [UInt32]
    private let openedAt: UInt64
    /// Free pages of which the file still has the blocks, as far as is known: all that were not
    /// returned to the file system since the file was opened.
    private var held: PageBitmap
    private(set) var heldCount: Int
    /// Pages without blocks that the open transaction has allocated.
    private var takenWithoutBlocks: [Int] = []
    private var heldSearch = RunSearch()
    private var search = RunSearch()
    /// The newest committed transaction at the last release of pages.
    private(set) var releasedAt: UInt64

    /// Makes the freelist of the state of commit `transaction`.
    init(free: PageBitmap, pageCount: Int, transaction: UInt64) {
        releasedAt = transaction
        openedAt = transaction
        allocatedAt = Array(repeating: 0, count: pageCount)
        self.free = free
        self.free.extend(toPageCount: pageCount)
        freeCount = free.count
        held = self.free
        heldCount = freeCount
        pending = PageBitmap(pageCount: pageCount)
    }

    /// Extends the sets to page numbers below `pageCount`.
    private func extend(toPageCount pageCount: Int) {
        let missing = pageCount - allocatedAt.count
        if missing > 0 { allocatedAt.append(contentsOf: repeatElement(0, count: missing)) }
        free.extend(toPageCount: pageCount)
        pending.extend(toPageCount: pageCount)
        held.extend(toPageCount: pageCount)
    }

    /// Frees the pending pages that no reader sees any more. `readers` are the transactions that
    /// open readers see, ascending; `newest` is the last one committed.
    func release(readers: [UInt64], newest: UInt64) {
        releasedAt = newest
        takenWithoutBlocks.removeAll()
        for index in pendingByTransaction.indices {
            let entry = pendingByTransaction[index]
            // Of the readers older than the commit only the newest is relevant: if any of them
            // began after the run was allocated, it did.
            let last = readers.last { $0 < entry.transaction }
            let held =
                last.map { last in entry.runs.filter { allocationTransaction($0) <= last } } ?? []
            if held.count == entry.runs.count { continue }
            for run in entry.runs {
                if let last, allocationTransaction(run) <= last { continue }
                pending.remove(run)
                pendingCount -= run.count
                insert(run)
            }
            pendingByTransaction[index].runs = held
        }
        pendingByTransaction.removeAll { $0.runs.isEmpty }
        restartSearches()
    }

    private func insert(_ run: PageRun) {
        free.insert(run)
        freeCount += run.count
        held.insert(run)
        heldCount += run.count
    }

    private func restartSearches() {
        heldSearch = RunSearch()
        search = RunSearch()
    }

    /// Number of the commit that allocated a run; 0 for those before the file was opened.
    private func allocationTransaction(_ run: PageRun) -> UInt64 {
        let page = run.first.index
        guard page < allocatedAt.count, allocatedAt[page] > 0 else { return 0 }
        return openedAt + UInt64(allocatedAt[page])
    }

    /// Whether no committed state after the present one uses a page.
    func isUnused(_ page: PageID) -> Bool {
        free.contains(page.index) || pending.contains(page.index)
    }

    /// Marks a run as freed by the current transaction; false when it was free before.
    func markPending(_ run: PageRun) -> Bool {
        if free.containsAny(of: run) { return false }
        return pending.insertNew(run)
    }

    /// Reverts `markPending` after a rollback.
    func unmarkPending(_ runs: [PageRun]) {
        for run in runs { pending.remove(run) }
    }

    /// Records the runs that a committed transaction freed and allocated.
    func commit(freed: [PageRun], taken: [PageRun], transaction: UInt64, pageCount: Int) {
        extend(toPageCount: pageCount)
        cut(to: pageCount)
        if !freed.isEmpty { pendingByTransaction.append((transaction, freed)) }
        pendingCount += freed.reduce(0) { $0 + $1.count }
        let count = UInt32(clamping: transaction - openedAt)
        for run in taken { allocatedAt[run.first.index] = count }
    }

    /// Allocates `count` consecutive free pages; nil when there is no such run. Pages that still have
    /// their blocks come first: they can be written on a full disk.
    func allocate(_ count: Int) -> PageID? {
        guard count <= freeCount else { return nil }
        var first = count <= heldCount ? heldSearch.find(count, in: held) : nil
        first = first ?? search.find(count, in: free)
        guard let first else { return nil }
        let run = PageRun(first: PageID(first), count: count)
        free.remove(run)
        freeCount -= count
        let heldInRun = held.count(in: run)
        if heldInRun < count {
            let pages = first..<first + count
            takenWithoutBlocks.append(contentsOf: pages.filter { !held.contains($0) })
        }
        heldCount -= heldInRun
        held.remove(run)
        return run.first
    }

    /// Returns pages that a failed commit had allocated.
    func returnRuns(_ runs: [PageRun]) {
        for run in runs { insert(run) }
        for page in takenWithoutBlocks where held.contains(page) {
            held.remove(page)
            heldCount -= 1
        }
        restartSearches()
    }

    /// Runs of free pages whose blocks the file still holds, lowest first, without the lowest
    /// `kept` pages, which are the next ones to be allocated. From page `end` on none are kept.
    func heldRuns(
        keeping kept: Int, until end: PageID, pagesMax: Int, runsMax: Int
    ) -> [PageRun] {
        var runs: [PageRun] = []
        var (skipped, left) = (kept, pagesMax)
        for (index, word) in self.held.words.enumerated() {
            var held = word
            while skipped > 0, held != 0, index * 64 + held.trailingZeroBitCount < end.index {
                held &= held - 1
                skipped -= 1
            }
            while held != 0 {
                let bit = held.trailingZeroBitCount
                let found = PageRun(
                    first: PageID(index * 64 + bit),
                    count: min((~(held >> UInt64(bit))).trailingZeroBitCount, left))
                if let last = runs.last, last.first.index + last.count == found.first.index {
                    runs[runs.count - 1] = PageRun(
                        first: last.first, count: last.count + found.count)
                } else if runs.count < runsMax {
                    runs.append(found)
                } else {
                    return runs
                }
                left -= found.count
                if left == 0 { return runs }
                for _ in 0..<found.count { held &= held - 1 }
            }
        }
        return runs
    }

    func markPunched(_ run: PageRun) {
        heldCount -= held.count(in: run)
        held.remove(run)
    }

    // MARK: The end of the file

    /// The high-water mark without the free pages below it whose blocks were returned.
    func highWater(cutFrom highWater: PageID) -> PageID {
        var end = highWater.index
        while free.contains(end - 1), !held.contains(end - 1) { end -= 1 }
        return PageID(end)
    }

    /// Where the file could end once at most `pagesMax` pages in use behind that are moved before it;
    /// pending ones count, though they become free without a move.
    /// Nil unless it becomes shorter by so many pages and by 16 times as many as are moved, and
    /// enough free pages with blocks are before it: for these, and half of `kept`.
    func possibleEnd(below highWater: PageID, keeping kept: Int, pagesMax: Int) -> PageID? {
        var end: PageID?
        var used = 0
        var heldBefore = heldCount
        var page = highWater.index
        while page > 2 {
            page -= 1
            if held.contains(page) { heldBefore -= 1 }
            if !free.contains(page) { used += 1 }
            // The pages above each in its tree are written with it.
            if used > pagesMax || heldBefore < max(4 * used, kept / 2) { break }
            if used > 0, highWater.index - page >= max(16 * used, pagesMax) { end = PageID(page) }
        }
        return end
    }

    /// Forgets the pages from a lower high-water mark on; they are free and have no blocks.
    private func cut(to pageCount: Int) {
        let end = allocatedAt.count
        guard pageCount < end else { return }
        free.remove(PageRun(first: PageID(pageCount), count: end - pageCount))
        freeCount -= end - pageCount
        allocatedAt.removeLast(end - pageCount)
    }

    /// Numbers of all pages that no committed tree uses, ascending: free and pending.
    func allUnused() -> [UInt64] {
        var numbers: [UInt64] = []
        for (index, word) in free.words.enumerated() {
            var bits = word | pending.words[index]
            while bits != 0 {
                numbers.append(UInt64(index * 64 + bits.trailingZeroBitCount))
                bits &= bits - 1
            }
        }
        return numbers
    }
}

/// Finds runs of free pages, lowest first, without scanning any part twice.
///
/// While a commit allocates, the set of free pages only shrinks. So if no run of n pages was found,
/// none of n or more will be. Each length stores its scan position, and a length that failed fails
/// permanently. A commit thus scans the set once for each short length, not once for each
/// allocation.
private struct RunSearch {
    private static let lengthsMax = 32
    private var starts = [Int](repeating: 0, count: RunSearch.lengthsMax + 1)
    private var failedLength = Int.max

    mutating func find(_ count: Int, in free: PageBitmap) -> Int? {
        if count >= failedLength { return nil }
        let slot = min(count, RunSearch.lengthsMax)
        var position = starts[slot]
        while let start = free.next(from: position) {
            let end = count == 1 ? start + 1 : free.nextAbsent(from: start)
            if end - start >= count {
                if count <= RunSearch.lengthsMax { starts[slot] = start }
                return start
            }
            position = end
        }
        failedLength = count
        return nil
    }
}
