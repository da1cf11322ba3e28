/// Walks every tree of a file and marks the pages in use, to determine the free ones.
///
/// Each page is visited once; a page reached twice is a fault, so the walk ends on any content.
struct ReachablePages {
    private let source: PageSource
    private let bucketsAreFlat: Bool
    private(set) var used: PageBitmap
    private var advice: ReadAhead

    init(source: PageSource, configuration: BoltConfiguration) {
        self.source = source
        bucketsAreFlat = configuration.bucketsAreFlat
        used = PageBitmap(pageCount: source.highWater.index)
        used.insert(PageRun(first: PageID(0), count: 2))
        advice = ReadAhead(source: source, releases: configuration.releasesScannedPages)
    }

    /// Marks the tree of a bucket and of all its nested buckets.
    mutating func walk(root: PageID) throws(PageFault) {
        var roots = [root]
        while let next = roots.popLast() {
            try walkTree(next, isRootBucket: next == root, nested: &roots)
        }
    }

    /// Marks the pages of a run.
    mutating func mark(_ run: PageRun) throws(PageFault) {
        guard used.insertNew(run) else { throw PageFault(run.first, .crossLinked) }
    }

    /// The pages below the high-water mark that were not reached.
    func unused() -> PageBitmap {
        var free = PageBitmap(pageCount: source.highWater.index)
        var page = used.nextAbsent(from: 0)
        while page < source.highWater.index {
            free.insert(page)
            page = used.nextAbsent(from: page + 1)
        }
        return free
    }

    private mutating func walkTree(
        _ root: PageID, isRootBucket: Bool, nested: inout [PageID]
    ) throws(PageFault) {
        var pages = [root]
        while let id = pages.popLast() {
            advice.willRead(id)
            let page = try source.page(id)
            try mark(page.run(pageSizeBytes: source.pageSizeBytes))
            if page.isLeaf {
                if isRootBucket || !bucketsAreFlat { try collectBuckets(page, into: &nested) }
            } else if bucketsAreFlat && !isRootBucket {
                try walkFlat(page, into: &pages)
            } else {
                for index in 0..<page.count { pages.append(page.child(at: index)) }
            }
        }
    }

    /// Marks the leaves below a branch without reading those whose next page is a sibling.
    ///
    /// All children of a branch are of the same kind, so only the first is checked. A leaf is read
    /// only for its overflow pages, and has none when the next page number is a sibling.
    private mutating func walkFlat(
        _ branch: PageView, into pages: inout [PageID]
    ) throws(PageFault) {
        guard branch.count > 0 else { throw PageFault(branch.id, .empty) }
        var children: [PageID] = []
        children.reserveCapacity(branch.count)
        for index in 0..<branch.count { children.append(branch.child(at: index)) }
        guard try source.page(children[0]).isLeaf else {
            pages.append(contentsOf: children)
            return
        }
        children.sort()
        for (index, child) in children.enumerated() {
            let follower = index + 1 < children.count ? children[index + 1].rawValue : 0
            if child.rawValue >= 2 && child < source.highWater && child.rawValue + 1 == follower {
                try mark(PageRun(first: child, count: 1))
            } else {
                advice.willRead(child)
                try mark(try source.rawRun(child))
            }
        }
    }

    private func collectBuckets(_ page: PageView, into roots: inout [PageID]) throws(PageFault) {
        for index in 0..<page.count where page.isBucket(at: index) {
            let header = try BucketHeader(value: try page.item(at: index).value, page: page.id)
            if header.root != .none { roots.append(header.root) }
        }
    }
}

/// Advises the kernel of the pages to be read, one window of the file at a time, and releases those
/// that were read, if asked to.
struct ReadAhead {
    private static let windowBytes = 16 << 20
    /// The system maps neighbours of a page with it, up to 2 MiB where its cache has large folios.
    private static let unreleasedPagesMax = 32
    private let source: PageSource
    private let releases: Bool
    private var unreleasedPages = 0
    private var advised: PageBitmap

    init(source: PageSource, releases: Bool) {
        self.source = source
        self.releases = releases
        advised = PageBitmap(pageCount: source.byteCount / ReadAhead.windowBytes + 1)
    }

    mutating func willRead(_ page: PageID) {
        guard page < source.highWater else { return }
        if releases { countRead() }
        let window = page.index * source.pageSizeBytes / ReadAhead.windowBytes
        if advised.contains(window) { return }
        advised.insert(window)
        let start = window * ReadAhead.windowBytes
        source.mapping.willNeed(
            offset: start, count: min(ReadAhead.windowBytes, source.byteCount - start))
    }

    private mutating func countRead() {
        unreleasedPages += 1
        guard unreleasedPages == Self.unreleasedPagesMax else { return }
        unreleasedPages = 0
        source.mapping.dontNeed(offset: 0, count: source.byteCount)
    }
}
