internal import CPrefetch

/// Finds values of a bucket one after the other: it retains nothing, and looks first into the leaf
/// where it found the last one.
///
/// Valid while the bucket's transaction is open.
package struct BoltFinder {
    private let window: PageWindow
    private let header: BucketHeader
    /// Where the last key was looked for.
    private var leaf: PageView?
    /// Levels above the leaves, which all lie at the same depth; known once a key was looked for
    /// from the root down.
    private var branchLevels: Int?
    /// The branch above the leaf of the last lookup that was begun, and which of its children that
    /// leaf is.
    private var branch: (page: PageView, place: Int)?

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
        // A key that this leaf would hold lies between its first and its last one.
        if let leaf, leaf.count > 0, try leaf.encloses(key) {
            let firstHead = SoughtKey(try leaf.key(at: 0)).head
            return try Self.item(of: key, in: leaf, firstHead: firstHead)
        }
        var page = try rootPage()
        var depth = 0
        // A child begins with the key that its branch has for it.
        var firstHead: UInt64?
        while !page.isLeaf {
            guard page.count > 0 else { throw PageFault(page.id, .empty) }
            depth += 1
            guard depth < PageLayout.depthMax else { throw PageFault(page.id, .tooDeep) }
            let place = try page.childIndex(for: key)
            firstHead = SoughtKey(try page.key(at: place)).head
            page = try window.page(page.child(at: place))
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
        let place = try leaf.search(SoughtKey(key), firstHead: firstHead)
        return place.found ? try leaf.item(at: place.index) : nil
    }
}

/// A lookup that was begun and waits for memory.
package struct BoltLookup {
    fileprivate let leafID: PageID
    /// The number that the leaf's first key begins with.
    fileprivate let firstHead: UInt64?
    fileprivate var leaf: PageView?
}

/// Lookups of many keys at once, so that the memory of all of them is waited for together: a key
/// is mostly in a page that no processor has in its cache. First `begin` for each key, then
/// `advance` for each, then `finish`.
extension BoltFinder {
    /// Goes down to the leaf of a key and asks for its memory, without looking into it. Nil where
    /// there is nothing to be gained, or a page is damaged: then `get` is to be used.
    package mutating func begin(_ key: UnsafeRawBufferPointer) -> BoltLookup? {
        do throws(PageFault) {
            guard let (page, place) = try lowestBranch(for: key),
                let start = window.address(of: page.child(at: place))
            else { return nil }
            branch = (page, place)
            let firstHead = SoughtKey(try page.key(at: place)).head
            prefetch(start)
            if let guess = PageView.guess(of: key, firstHead: firstHead) {
                prefetch(start + PageLayout.headerBytes + guess * PageLayout.elementBytes)
            }
            return BoltLookup(leafID: page.child(at: place), firstHead: firstHead)
        } catch {
            return nil
        }
    }

    /// The branch that has the key's leaf as a child, and which; nil where the root is a leaf.
    private mutating func lowestBranch(
        for key: UnsafeRawBufferPointer
    ) throws(PageFault) -> (page: PageView, place: Int)? {
        if let branch, try branch.page.encloses(key, at: branch.place) { return branch }
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

    /// Looks where in the leaf the key is likely to be, and asks for the memory of that entry.
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

    /// The value of the key; nil also when the lookup has come to nothing, which `get` explains.
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
    /// Of a long entry the processor fetches what follows by itself.
    private static let prefetchedBytesMax = 512
}
