/// One run of `Bolt.check` over a committed state.
struct FileCheck {
    private let transaction: BoltReadTransaction
    private let source: PageSource
    private let violationsMax: Int
    private(set) var violations: [BoltViolation] = []
    private let bucketsAreFlat: Bool
    private var reached: PageBitmap
    private var advice: ReadAhead

    /// A page to visit: its keys are at or above `low` and below `high`.
    private struct Visit {
        let page: PageID
        let low: UnsafeRawBufferPointer?
        let high: UnsafeRawBufferPointer?
        let depth: Int
        let isRoot: Bool
    }

    init(transaction: BoltReadTransaction, violationsMax: Int) {
        self.transaction = transaction
        self.violationsMax = violationsMax
        source = transaction.source
        bucketsAreFlat = transaction.bolt.configuration.bucketsAreFlat
        reached = PageBitmap(pageCount: source.highWater.index)
        advice = ReadAhead(
            source: source, releases: transaction.bolt.configuration.releasesScannedPages)
    }

    mutating func run() {
        checkMetaPages()
        reached.insert(PageRun(first: PageID(0), count: 2))
        if transaction.meta.freelist != .noFreelist { checkFreelist(transaction.meta.freelist) }
        var roots = [transaction.meta.root]
        while let root = roots.popLast(), violations.count < violationsMax {
            checkTree(root, nested: &roots)
        }
    }

    /// Compares the reached pages with the writer's free pages.
    mutating func compare(free: PageBitmap, pending: PageBitmap) {
        for index in 0..<source.highWater.index {
            guard violations.count < violationsMax else { return }
            let isUnused = free.contains(index) || pending.contains(index)
            if reached.contains(index) && isUnused { add(PageID(index), "in use, yet free") }
            if !reached.contains(index) && !isUnused {
                add(PageID(index), "lost: neither in use nor free")
            }
        }
        for unused in [free, pending] {
            if let page = unused.next(from: source.highWater.index) {
                add(PageID(page), "free behind the high-water mark")
            }
        }
    }

    private mutating func add(_ page: PageID, _ text: String) {
        if violations.count < violationsMax {
            violations.append(BoltViolation(page: page.rawValue, text: text))
        }
    }

    private mutating func add(_ fault: PageFault) {
        add(PageID(rawValue: fault.page), "\(fault.reason)")
    }

    /// Both pages must be valid, and the newest of them must equal the state in memory. In copies,
    /// which snapshots are, that is always page 0, regardless of its number.
    private mutating func checkMetaPages() {
        let size = source.pageSizeBytes
        var isFound = false
        for slot in 0..<2 {
            let page = UnsafeRawBufferPointer(start: source.base + slot * size, count: size)
            guard let record = MetaRecord(page: page) else {
                add(PageID(slot), "meta page is not valid")
                continue
            }
            isFound = isFound || record == transaction.meta
            if record.transaction > transaction.meta.transaction {
                add(PageID(slot), "meta page is newer than the newest")
            }
        }
        if !isFound { add(PageID(0), "no meta page is the newest") }
    }

    private mutating func checkFreelist(_ id: PageID) {
        do throws(PageFault) {
            _ = try FreelistPage.read(id, source: source)
            reach(try source.rawRun(id))
        } catch {
            add(error)
        }
    }

    @discardableResult
    private mutating func reach(_ run: PageRun) -> Bool {
        if reached.insertNew(run) { return true }
        add(run.first, "reached twice")
        return false
    }

    private mutating func checkTree(_ root: PageID, nested: inout [PageID]) {
        var visits = [Visit(page: root, low: nil, high: nil, depth: 0, isRoot: true)]
        var leafDepth: Int?
        while let visit = visits.popLast(), violations.count < violationsMax {
            do throws(PageFault) {
                advice.willRead(visit.page)
                let page = try source.page(visit.page)
                guard reach(page.run(pageSizeBytes: source.pageSizeBytes)) else { continue }
                if page.count == 0 && !(visit.isRoot && page.isLeaf) { add(page.id, "empty") }
                try checkKeys(of: page, visit)
                if page.isLeaf {
                    if let known = leafDepth, known != visit.depth {
                        add(page.id, "leaf at another depth")
                    }
                    leafDepth = visit.depth
                    try collectBuckets(
                        page, isRootBucket: root == transaction.meta.root, into: &nested)
                } else {
                    guard visit.depth < PageLayout.depthMax else {
                        throw PageFault(page.id, .tooDeep)
                    }
                    try addChildren(of: page, visit, to: &visits)
                }
            } catch {
                add(error)
            }
        }
    }

    private func addChildren(
        of page: PageView, _ visit: Visit, to visits: inout [Visit]
    ) throws(PageFault) {
        for index in 0..<page.count {
            let high = index + 1 < page.count ? try page.key(at: index + 1) : visit.high
            visits.append(
                Visit(
                    page: page.child(at: index), low: try page.key(at: index), high: high,
                    depth: visit.depth + 1, isRoot: false))
        }
    }

    private mutating func checkKeys(of page: PageView, _ visit: Visit) throws(PageFault) {
        var previous: UnsafeRawBufferPointer?
        for index in 0..<page.count {
            let key = try page.key(at: index)
            if page.isLeaf { _ = try page.item(at: index) }
            if key.isEmpty { add(page.id, "key \(index) is empty") }
            if key.count > PageLayout.keyBytesMax { add(page.id, "key \(index) is too long") }
            if let previous, compareBytes(previous, key) >= 0 {
                add(page.id, "key \(index) does not ascend")
            }
            if index == 0, let low = visit.low, compareBytes(key, low) < 0 {
                add(page.id, "first key lies below the parent's")
            }
            if let high = visit.high, compareBytes(key, high) >= 0 {
                add(page.id, "key \(index) lies beyond the parent's next")
            }
            previous = key
        }
    }

    private mutating func collectBuckets(
        _ page: PageView, isRootBucket: Bool, into roots: inout [PageID]
    ) throws(PageFault) {
        for index in 0..<page.count {
            let isBucket = page.isBucket(at: index)
            if bucketsAreFlat && isBucket != isRootBucket {
                add(page.id, "element \(index) is \(isBucket ? "a" : "no") bucket")
            }
            guard isBucket else { continue }
            let header = try BucketHeader(value: try page.item(at: index).value, page: page.id)
            if let inline = header.inlinePage {
                try checkKeys(
                    of: inline,
                    Visit(page: page.id, low: nil, high: nil, depth: 0, isRoot: true))
                try collectBuckets(inline, isRootBucket: false, into: &roots)
            } else {
                roots.append(header.root)
            }
        }
    }
}
