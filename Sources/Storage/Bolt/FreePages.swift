/// Which pages may be written again: the list of free pages, held in memory.
///
/// A page is free, pending or in use. Pending pages were given up by a commit that some reader may
/// be older than; they become free when every open reader began at that commit or later. The
/// writer owns this object; nobody else touches it.
///
/// Invariants: no page is free and pending at once; pages 0 and 1 are neither; both sets lie
/// below the high-water mark.
final class FreePages: @unchecked Sendable {
    // `@unchecked Sendable`: used by the one writer only, which is one thread at a time.
    private(set) var free: PageBitmap
    private(set) var freeCount: Int
    private(set) var pending: PageBitmap
    /// What each commit gave up, oldest first.
    private var pendingByTransaction: [(transaction: UInt64, runs: [PageRun])] = []
    /// Free pages whose blocks the file system has taken back.
    private var punched: PageBitmap
    private var search = RunSearch()
    /// The newest transaction that was committed when pages were last released.
    private(set) var releasedAt: UInt64

    /// Pages that the state of commit `transaction` does not use.
    init(free: PageBitmap, pageCount: Int, transaction: UInt64) {
        releasedAt = transaction
        self.free = free
        self.free.extend(toPageCount: pageCount)
        freeCount = free.count
        pending = PageBitmap(pageCount: pageCount)
        punched = PageBitmap(pageCount: pageCount)
    }

    var pendingCount: Int {
        pendingByTransaction.reduce(0) { $0 + $1.runs.reduce(0) { $0 + $1.count } }
    }

    /// Makes room for page numbers below `pageCount`.
    func extend(toPageCount pageCount: Int) {
        free.extend(toPageCount: pageCount)
        pending.extend(toPageCount: pageCount)
        punched.extend(toPageCount: pageCount)
    }

    /// Frees what was given up at or before the oldest transaction that a reader still sees;
    /// `newest` is the last one committed.
    func release(visibleFrom oldestReader: UInt64, newest: UInt64) {
        releasedAt = newest
        var released = 0
        for entry in pendingByTransaction {
            guard entry.transaction <= oldestReader else { break }
            for run in entry.runs {
                pending.remove(run)
                free.insert(run)
                freeCount += run.count
            }
            released += 1
        }
        pendingByTransaction.removeFirst(released)
        search = RunSearch()
    }

    /// Marks a run as given up by the transaction under way; false when it was free before.
    func markPending(_ run: PageRun) -> Bool {
        if free.containsAny(of: run) { return false }
        return pending.insertNew(run)
    }

    /// Takes back `markPending` after a rollback.
    func unmarkPending(_ runs: [PageRun]) {
        for run in runs { pending.remove(run) }
    }

    /// Enters the marked runs of a transaction that was committed.
    func commit(_ runs: [PageRun], transaction: UInt64) {
        if !runs.isEmpty { pendingByTransaction.append((transaction, runs)) }
    }

    /// Takes `count` consecutive free pages, nil when there is no such run.
    func allocate(_ count: Int) -> PageID? {
        guard count <= freeCount, let first = search.find(count, in: free) else { return nil }
        let run = PageRun(first: PageID(first), count: count)
        free.remove(run)
        punched.remove(run)
        freeCount -= count
        return run.first
    }

    /// Gives pages back that a failed commit had taken.
    func giveBack(_ runs: [PageRun]) {
        for run in runs {
            free.insert(run)
            freeCount += run.count
        }
        search = RunSearch()
    }

    /// Free runs whose blocks the file still holds, `pagesMax` pages at the most, lowest first.
    func unpunchedRuns(pagesMax: Int) -> [PageRun] {
        var runs: [PageRun] = []
        var left = pagesMax
        var position = 0
        while left > 0, let start = free.next(from: position) {
            let end = min(free.nextAbsent(from: start), start + left)
            var page = start
            while page < end {
                let from = punched.nextAbsent(from: page)
                if from >= end { break }
                let to = min(punched.next(from: from) ?? end, end)
                runs.append(PageRun(first: PageID(from), count: to - from))
                left -= to - from
                page = to
            }
            position = end
        }
        return runs
    }

    func markPunched(_ run: PageRun) {
        punched.insert(run)
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

/// Finds runs of free pages, lowest first, without looking twice at what it has passed.
///
/// While a commit allocates, the set of free pages only shrinks. So where no run of n pages was
/// found, none of n or more will be: each length remembers how far it has looked, and a length
/// that failed fails for good. A commit thus scans the set once for each short length, not once
/// for each allocation.
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
