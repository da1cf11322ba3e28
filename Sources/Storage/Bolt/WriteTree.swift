/// The tree of one bucket during a write transaction: lookups and changes on the nodes in memory,
/// above the committed pages.
struct WriteTree {
    let context: WriteContext
    /// The root of the committed tree.
    private(set) var header: BucketHeader
    /// Nil while nothing was changed.
    private(set) var root: TreeNode?
    private var lastLeaf: KnownLeaf?

    /// A leaf in memory with the bounds of its keys: nil is unbounded.
    private struct KnownLeaf {
        let node: TreeNode
        let low: UnsafeRawBufferPointer?
        let high: UnsafeRawBufferPointer?

        func covers(_ key: UnsafeRawBufferPointer) -> Bool {
            if let high, compareBytes(key, high) >= 0 { return false }
            if let low, compareBytes(key, low) < 0 { return false }
            return true
        }
    }

    init(context: WriteContext, header: BucketHeader) {
        self.context = context
        self.header = header
    }

    /// A tree that is not committed yet.
    init(newIn context: WriteContext) {
        self.init(context: context, header: BucketHeader(root: .none, sequence: 0))
        root = TreeNode(isLeaf: true)
    }

    /// Stores an element; key and value are copied. False, and nothing changes, when the key exists
    /// as a bucket but should be a value, or vice versa.
    mutating func put(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, flags: UInt32
    ) throws(PageFault) -> Bool {
        let leaf = try leaf(for: key)
        let match = leaf.search(key)
        if match.found && leaf.entries[match.index].flags != flags { return false }
        let stored = UnsafeRawBufferPointer(start: context.arena.copy(value), count: value.count)
        context.changeCount += 1
        if match.found {
            let known = leaf.entries[match.index].key
            leaf.replace(NodeEntry(key: known, value: stored, flags: flags), at: match.index)
        } else {
            let name = UnsafeRawBufferPointer(start: context.arena.copy(key), count: key.count)
            leaf.insert(NodeEntry(key: name, value: stored, flags: flags), at: match.index)
        }
        return true
    }

    /// Removes the element that `find` has found.
    mutating func remove(_ key: UnsafeRawBufferPointer) throws(PageFault) {
        let leaf = try leaf(for: key)
        let match = leaf.search(key)
        if match.found {
            context.changeCount += 1
            leaf.remove(at: match.index)
        }
    }

    /// The element of a key, searched in nodes while there are any and in pages below.
    func find(_ key: UnsafeRawBufferPointer) throws(PageFault) -> LeafItem? {
        if let lastLeaf, lastLeaf.covers(key) { return item(in: lastLeaf.node, key) }
        guard var node = root else { return try find(key, below: try rootPage()) }
        while !node.isLeaf {
            guard !node.entries.isEmpty else { return nil }
            let index = node.childIndex(for: key)
            guard let child = node.children[index] else {
                return try find(key, below: try context.source.page(node.entries[index].child))
            }
            node = child
        }
        return item(in: node, key)
    }

    func rootPage() throws(PageFault) -> PageView {
        if let inline = header.inlinePage { return inline }
        return try context.source.page(header.root)
    }

    /// Loads the root into memory.
    mutating func materializeRoot() throws(PageFault) -> TreeNode {
        if let root { return root }
        let node: TreeNode
        if let inline = header.inlinePage {
            node = try TreeNode(page: inline, origin: nil)
        } else {
            node = try context.materialize(header.root)
        }
        root = node
        return node
    }

    /// Loads a committed page into memory, with those above it; false if it is not of this tree.
    mutating func load(_ page: PageView) throws(PageFault) -> Bool {
        guard page.count > 0 else { return false }
        let key = try page.key(at: 0)
        guard try contains(page.id, at: key) else { return false }
        _ = try leaf(for: key)
        return true
    }

    /// Whether a page is on the way to a key in the committed tree.
    private func contains(
        _ id: PageID, at key: UnsafeRawBufferPointer
    ) throws(PageFault) -> Bool {
        guard header.root != .none else { return false }
        var next = header.root
        for _ in 0..<PageLayout.depthMax {
            if next == id { return true }
            let page = try context.source.page(next)
            if page.isLeaf { return false }
            guard page.count > 0 else { throw PageFault(page.id, .empty) }
            next = page.child(at: try page.childIndex(for: key))
        }
        throw PageFault(header.root, .tooDeep)
    }

    /// Sets the bucket's counter, which marks the bucket as changed.
    mutating func setSequence(_ sequence: UInt64) throws(PageFault) {
        _ = try materializeRoot()
        header.sequence = sequence
    }

    private mutating func leaf(for key: UnsafeRawBufferPointer) throws(PageFault) -> TreeNode {
        if let lastLeaf, lastLeaf.covers(key) { return lastLeaf.node }
        var node = try materializeRoot()
        var low: UnsafeRawBufferPointer?
        var high: UnsafeRawBufferPointer?
        var depth = 0
        while !node.isLeaf {
            depth += 1
            guard depth < PageLayout.depthMax else { throw PageFault(header.root, .tooDeep) }
            let index = node.childIndex(for: key)
            if index > 0 { low = node.entries[index].key }
            if index + 1 < node.entries.count { high = node.entries[index + 1].key }
            node = try context.child(of: node, at: index)
        }
        lastLeaf = KnownLeaf(node: node, low: low, high: high)
        return node
    }

    private func item(in leaf: TreeNode, _ key: UnsafeRawBufferPointer) -> LeafItem? {
        let match = leaf.search(key)
        guard match.found else { return nil }
        let entry = leaf.entries[match.index]
        return LeafItem(key: entry.key, value: entry.value, flags: entry.flags)
    }

    private func find(
        _ key: UnsafeRawBufferPointer, below start: PageView
    ) throws(PageFault) -> LeafItem? {
        var page = start
        var depth = 0
        while !page.isLeaf {
            guard page.count > 0 else { throw PageFault(page.id, .empty) }
            depth += 1
            guard depth < PageLayout.depthMax else { throw PageFault(page.id, .tooDeep) }
            page = try context.source.page(page.child(at: try page.childIndex(for: key)))
        }
        let match = try page.search(key)
        return match.found ? try page.item(at: match.index) : nil
    }
}
