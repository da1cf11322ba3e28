internal import Disk

/// Collects the pages of a commit in memory, with their numbers, and writes them with few calls.
final class PageWriter {
    private let freePages: FreePages
    private let pageSizeBytes: Int
    private let arena = ByteArena(chunkBytes: 4 << 20)
    private var images: [(run: PageRun, bytes: UnsafeMutableRawPointer)] = []
    /// Runs allocated from the free pages, returned if the commit fails.
    private var taken: [PageRun] = []
    /// First page number never used, including this commit's pages.
    private(set) var highWater: PageID

    init(freePages: FreePages, pageSizeBytes: Int, highWater: PageID) {
        self.freePages = freePages
        self.pageSizeBytes = pageSizeBytes
        self.highWater = highWater
    }

    /// Pages that `byteCount` bytes take.
    func pageCount(_ byteCount: Int) -> Int {
        (byteCount + pageSizeBytes - 1) / pageSizeBytes
    }

    /// Allocates consecutive pages: free ones if available, else new ones at the end.
    func allocate(pageCount: Int) -> PageRun {
        if let first = freePages.allocate(pageCount) {
            let run = PageRun(first: first, count: pageCount)
            taken.append(run)
            return run
        }
        let run = PageRun(first: highWater, count: pageCount)
        highWater = PageID(rawValue: highWater.rawValue + UInt64(pageCount))
        return run
    }

    /// Memory for the pages of a run: the caller fills `usedBytes`, the rest is zero.
    func image(of run: PageRun, usedBytes: Int) -> UnsafeMutableRawPointer {
        let byteCount = run.count * pageSizeBytes
        let bytes = arena.allocate(byteCount)
        (bytes + usedBytes).initializeMemory(
            as: UInt8.self, repeating: 0, count: byteCount - usedBytes)
        images.append((run, bytes))
        return bytes
    }

    /// Writes a node's entries as one page with its overflow pages, and returns its number.
    func write(
        _ entries: ContiguousArray<NodeEntry>.SubSequence, isLeaf: Bool, byteCount: Int
    ) -> PageID {
        let run = allocate(pageCount: pageCount(byteCount))
        PageImage.write(
            entries, isLeaf: isLeaf, run: run, to: image(of: run, usedBytes: byteCount))
        return run.first
    }

    /// Writes all images, ascending; pages adjacent in the file and in memory are written together.
    ///
    /// - Parameter synchronize: Called periodically while more pages follow.
    func flush(
        to file: any DiskFile, synchronize: () throws(DiskError) -> Void
    ) throws(DiskError) {
        images.sort { $0.run.first < $1.run.first }
        var index = 0
        var unsynchronized = 0
        while index < images.count {
            let start = images[index]
            var byteCount = start.run.count * pageSizeBytes
            index += 1
            while index < images.count, byteCount < DiskShare.unsynchronizedBytesMax,
                images[index].bytes == start.bytes + byteCount,
                images[index].run.first.index
                    == start.run.first.index + byteCount / pageSizeBytes
            {
                byteCount += images[index].run.count * pageSizeBytes
                index += 1
            }
            try file.write(
                UnsafeRawBufferPointer(start: start.bytes, count: byteCount),
                at: start.run.first.index * pageSizeBytes)
            unsynchronized += byteCount
            if unsynchronized >= DiskShare.unsynchronizedBytesMax, index < images.count {
                try synchronize()
                unsynchronized = 0
            }
        }
    }

    /// All runs of the commit.
    var runs: [PageRun] { images.map(\.run) }

    /// Reverts the allocations.
    func abandon() {
        freePages.returnRuns(taken)
    }
}
