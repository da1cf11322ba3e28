/// Updates a copy of one committed state to a later one of the same file, in slices.
///
/// Pages are never changed while a reader sees them, so a page reachable from both states is the
/// same in both: only leaves that one of them lacks are processed. Keys of removed leaves are
/// deleted from the copy unless the later state has them elsewhere; entries of new leaves are put
/// into it.
final class BoltCatchUp {
    let destination: Bolt
    private let earlier: BoltReadTransaction
    private let later: BoltReadTransaction
    private let fillPercent: Double
    /// The tasks, in order: the deletions of a bucket before its puts, and a bucket before its
    /// nested buckets.
    private var tasks: [Task] = []
    private var nextTask = 0

    private struct Task {
        enum Kind {
            case delete
            case put
        }

        let kind: Kind
        /// Names from the root down to the bucket that the leaf belongs to.
        let path: [[UInt8]]
        let leaf: PageView
    }

    /// Finds the differing leaves; reads the branches of both states.
    init(
        from earlier: BoltReadTransaction, to later: BoltReadTransaction, destination: Bolt,
        fillPercent: Double
    ) throws(BoltError) {
        self.earlier = earlier
        self.later = later
        self.destination = destination
        self.fillPercent = fillPercent
        do {
            try plan(earlier.root, later.root, path: [])
        } catch {
            throw .corrupt(error)
        }
    }

    deinit {
        earlier.end()
    }

    /// Leaves still to be processed.
    var leafCount: Int { tasks.count - nextTask }

    /// Copies a slice as one commit of the copy; true when everything is copied and durable.
    func step(entriesMax: Int, bytesMax: Int) throws(BoltError) -> Bool {
        guard leafCount > 0 else { return true }
        let write = destination.beginWrite()
        do throws(BoltError) {
            var entries = 0
            var bytes = 0
            while leafCount > 0, entries < entriesMax, bytes < bytesMax {
                let task = tasks[nextTask]
                nextTask += 1
                entries += task.leaf.count
                bytes += task.leaf.byteCount
                try perform(task, in: write)
            }
        } catch {
            write.rollback()
            throw error
        }
        try write.commit()
        try destination.synchronize()
        return leafCount == 0
    }

    private func perform(
        _ task: Task, in write: BoltWriteTransaction
    ) throws(BoltError) {
        var bucket = write.root
        for name in task.path {
            bucket = try bucket.createBucketIfMissing(name)
            bucket.fillPercent = fillPercent
        }
        let now = try wrappingPageFaults { () throws(PageFault) in
            try Self.bucket(at: task.path, in: later)
        }
        for index in 0..<task.leaf.count {
            let item = try wrappingPageFaults { () throws(PageFault) in
                try task.leaf.item(at: index)
            }
            switch task.kind {
            case .delete: try delete(item, unlessIn: now, from: bucket)
            case .put: try put(item, of: now, path: task.path, into: bucket)
            }
        }
    }

    private func delete(
        _ item: LeafItem, unlessIn now: BoltBucket?, from bucket: BoltWriteBucket
    ) throws(BoltError) {
        let present = try wrappingPageFaults { () throws(PageFault) in try now?.find(item.key) }
        if let present, present.isBucket == item.isBucket { return }
        if item.isBucket {
            try bucket.deleteBucket(Array(item.key))
        } else {
            try bucket.delete(item.key)
        }
    }

    private func put(
        _ item: LeafItem, of now: BoltBucket?, path: [[UInt8]], into bucket: BoltWriteBucket
    ) throws(BoltError) {
        guard item.isBucket else {
            if let held = try bucket.get(item.key), compareBytes(held, item.value) == 0 { return }
            return try bucket.put(item.key, item.value)
        }
        let name = Array(item.key)
        let inner = try wrappingPageFaults { () throws(PageFault) in try now?.open(item.value) }
        guard let inner else { return }
        let copied = try bucket.createBucketIfMissing(name)
        try copied.setSequence(inner.sequence)
        try wrappingPageFaults { () throws(PageFault) in
            try plan(
                try Self.bucket(at: path, in: earlier)?.bucket(name), inner, path: path + [name])
        }
    }

    /// Adds tasks for the leaves that only one of two states of a bucket has.
    private func plan(
        _ before: BoltBucket?, _ now: BoltBucket, path: [[UInt8]]
    ) throws(PageFault) {
        var known = LeafPages()
        if let before {
            guard before.header.root != now.header.root || now.header.inlinePage != nil else {
                return
            }
            known = try LeafPages(of: before)
        }
        let present = try LeafPages(of: now)
        for leaf in try known.leaves(missingIn: present) {
            tasks.append(Task(kind: .delete, path: path, leaf: leaf))
        }
        for leaf in try present.leaves(missingIn: known) {
            tasks.append(Task(kind: .put, path: path, leaf: leaf))
        }
    }

    private static func bucket(
        at path: [[UInt8]], in transaction: BoltReadTransaction
    ) throws(PageFault) -> BoltBucket? {
        var bucket: BoltBucket? = transaction.root
        for name in path { bucket = try bucket?.bucket(name) }
        return bucket
    }
}

/// The leaves of one bucket's tree, in key order. For most only the page numbers are read, from
/// their branches.
private struct LeafPages {
    private var ids: [PageID] = []
    private var pages = PageBitmap(pageCount: 0)
    private var inline: PageView?
    private var source: PageSource?

    /// The leaves of a missing bucket: none.
    init() {}

    init(of bucket: BoltBucket) throws(PageFault) {
        inline = bucket.header.inlinePage
        guard inline == nil else { return }
        let source = bucket.transaction.source
        self.source = source
        pages = PageBitmap(pageCount: source.highWater.index)
        var branches = PageBitmap(pageCount: source.highWater.index)
        var waiting = [bucket.header.root]
        while let id = waiting.popLast() {
            let page = try source.page(id)
            guard !page.isLeaf else {
                try insert(id, source)
                continue
            }
            guard !branches.contains(id.index) else { throw PageFault(id, .crossLinked) }
            branches.insert(id.index)
            guard page.count > 0 else { throw PageFault(id, .empty) }
            // All children of a branch are of the same kind.
            if try source.page(page.child(at: 0)).isLeaf {
                for index in 0..<page.count { try insert(page.child(at: index), source) }
            } else {
                for index in (0..<page.count).reversed() { waiting.append(page.child(at: index)) }
            }
        }
    }

    /// The leaves that the tree of another state lacks.
    func leaves(missingIn other: LeafPages) throws(PageFault) -> [PageView] {
        if let inline { return [inline] }
        guard let source else { return [] }
        var missing: [PageView] = []
        for id in ids where !other.pages.contains(id.index) {
            let page = try source.page(id)
            guard page.isLeaf else { throw PageFault(id, .wrongType) }
            missing.append(page)
        }
        return missing
    }

    private mutating func insert(_ id: PageID, _ source: PageSource) throws(PageFault) {
        guard id.rawValue >= 2, id < source.highWater else { throw PageFault(id, .outOfBounds) }
        ids.append(id)
        pages.insert(id.index)
    }
}
