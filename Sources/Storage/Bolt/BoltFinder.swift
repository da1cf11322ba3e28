internal import CPrefetch

/// Finds values of a bucket one after the other. It retains nothing, and searches first the leaf of
/// the previous lookup.
///
/// Valid while the bucket's transaction is open.
package struct BoltFinder {
    private let window: PageWindow
    private let header: BucketHeader
    /// The leaf of the previous lookup.
    private var leaf: PageView?
    /// Levels above the leaves, which all have the same depth; known after the first lookup from
    /// the root.
    private var branchLevels: Int?
    /// The branch above the leaf of the last begun lookup, and the index of that leaf among its
    /// children.
    private var branch: (page: PageView, childIndex: Int)?

    init(window: PageWindow, header: BucketHeader) {
        self.window = window
        self.header = header
    }

    /// The value of a key, nil when it is missing or a bucket.
    package mutating func get(
        _ key: UnsafeRawBufferPointer
    ) throws(PageFault) -> UnsafeRawBufferPointer? {
        guard let item = try find(key), !item.isBucket else { return nil }
        return item.value
    }

    mutating func find(_ key: UnsafeRawBufferPointer) throws(PageFault) -> LeafItem? {
        // A key that this leaf would hold is between its first and its last one.
        if let leaf, leaf.count > 0, try leaf.encloses(key) {
            let firstHead = SearchKey(try leaf.key(at: 0)).head
            return try Self.item(of: key, in: leaf, firstHead: firstHead)
        }
        var page = try rootPage()
        var depth = 0
        // A child begins with its key in the branch.
        var firstHead: UInt64?
        while !page.isLeaf {
            guard page.count > 0 else { throw PageFault(page.id, .empty) }
            depth += 1
            guard depth < PageLayout.depthMax else { throw PageFault(page.id, .tooDeep) }
            let childIndex = try page.childIndex(for: key)
            firstHead = SearchKey(try page.key(at: childIndex)).head
            page = try window.page(page.child(at: childIndex))
        }
        leaf = page
        branchLevels = depth
        return try Self.item(of: key, in: page, firstHead: firstHead)
    }

    func rootPage() throws(PageFault) -> PageView {
        if let inline = header.inlinePage { return inline }
        return try window.page(header.root)
    }

    private static func item(
        of key: UnsafeRawBufferPointer, in leaf: PageView, firstHead: UInt64?
    ) throws(PageFault) -> LeafItem? {
        let match = try leaf.search(SearchKey(key), firstHead: firstHead)
        return match.found ? try leaf.item(at: match.index) : nil
    }
}

/// A begun lookup whose memory is being prefetched.
package struct BoltLookup {
    fileprivate let leafID: PageID
    /// The head of the leaf's first key.
    fileprivate let firstHead: UInt64?
    fileprivate var leaf: PageView?
}

/// Batched lookups, so that the cache misses of many keys overlap: most keys are in a page that is
/// not in any processor cache. First `begin` for each key, then `advance` for each, then `finish`.
extension BoltFinder {
    /// Descends to the leaf of a key and prefetches its memory without reading it. Nil where
    /// prefetching gains nothing, or a page is damaged: then use `get`.
    package mutating func begin(_ key: UnsafeRawBufferPointer) -> BoltLookup? {
        do throws(PageFault) {
            guard let (page, childIndex) = try lowestBranch(for: key),
                let start = window.address(of: page.child(at: childIndex))
            else { return nil }
            branch = (page, childIndex)
            let firstHead = SearchKey(try page.key(at: childIndex)).head
            prefetch(start)
            if let guess = PageView.guess(of: key, firstHead: firstHead) {
                prefetch(start + PageLayout.headerBytes + guess * PageLayout.elementBytes)
            }
            return BoltLookup(leafID: page.child(at: childIndex), firstHead: firstHead)
        } catch {
            return nil
        }
    }

    /// The branch that has the key's leaf as a child, and the child's index; nil if the root is a
    /// leaf.
    private mutating func lowestBranch(
        for key: UnsafeRawBufferPointer
    ) throws(PageFault) -> (page: PageView, childIndex: Int)? {
        if let branch, try branch.page.encloses(key, at: branch.childIndex) { return branch }
        if branchLevels == nil { _ = try find(key) }
        guard let levels = branchLevels, levels > 0 else { return nil }
        var page = try rootPage()
        for _ in 1..<levels {
            guard !page.isLeaf, page.count > 0 else { return nil }
            page = try window.page(page.child(at: try page.childIndex(for: key)))
        }
        guard !page.isLeaf, page.count > 0 else { return nil }
        return (page, try page.childIndex(for: key))
    }

    /// Guesses the position of the key in the leaf and prefetches the memory of that entry.
    package func advance(_ lookup: inout BoltLookup, _ key: UnsafeRawBufferPointer) {
        guard let leaf = try? window.page(lookup.leafID), leaf.isLeaf, leaf.count > 0 else {
            return
        }
        lookup.leaf = leaf
        guard let guess = PageView.guess(of: key, firstHead: lookup.firstHead),
            let item = try? leaf.item(at: min(guess, leaf.count - 1)),
            let start = item.key.baseAddress
        else { return }
        let bytes = min(item.key.count + item.value.count, Self.prefetchedBytesMax)
        for offset in stride(from: 0, to: bytes, by: Self.cacheLineBytes) {
            prefetch(start + offset)
        }
    }

    /// The value of the key; nil also when the lookup failed, in which case `get` determines the
    /// reason.
    package func finish(
        _ lookup: BoltLookup, _ key: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        guard let leaf = lookup.leaf,
            let item = try? Self.item(of: key, in: leaf, firstHead: lookup.firstHead),
            !item.isBucket
        else { return nil }
        return item.value
    }

    private static let cacheLineBytes = 64
    /// The processor prefetches the rest of a long entry by itself.
    private static let prefetchedBytesMax = 512
}
