/// A page of a tree that is in memory because the current write transaction uses it.
///
/// Nodes form the upper part of the tree: a branch has the nodes of its loaded children, the others
/// are known by page number only. While a transaction collects changes nodes neither split nor
/// merge, so the key range of a node is constant until the commit; there `rebalance` and `spill`
/// restore the size of pages.
///
/// Invariants: entries ascend by key; a branch has one element in `children` for each entry;
/// `byteCount` is the size of the entries as one page.
final class TreeNode {
    /// The page it was read from, which the commit frees; nil for a new node.
    private(set) var origin: PageRun?
    let isLeaf: Bool
    private(set) var entries: ContiguousArray<NodeEntry> = []
    private(set) var children: ContiguousArray<TreeNode?> = []
    private(set) var byteCount = PageLayout.headerBytes
    /// Whether entries were removed since it was read.
    var lostEntries = false

    init(isLeaf: Bool) {
        self.isLeaf = isLeaf
    }

    /// Reads all elements of a page. Inline pages have no origin to free. Overlapping elements are
    /// a fault: written separately they could take far more memory than the file has.
    init(page: PageView, origin: PageRun?) throws(PageFault) {
        self.origin = origin
        isLeaf = page.isLeaf
        entries.reserveCapacity(page.count + 1)
        for index in 0..<page.count {
            if isLeaf {
                let item = try page.item(at: index)
                append(NodeEntry(key: item.key, value: item.value, flags: item.flags))
            } else {
                append(NodeEntry(key: try page.key(at: index), child: page.child(at: index)))
            }
        }
        guard byteCount <= page.byteCount else { throw PageFault(page.id, .dataOutOfBounds) }
    }

    /// Returns the page and clears it, so that it is freed once.
    func takeOrigin() -> PageRun? {
        defer { origin = nil }
        return origin
    }

    /// Index of the first entry whose key is not below `key`, and whether it is that key.
    @inline(__always)
    func search(_ key: UnsafeRawBufferPointer) -> (index: Int, found: Bool) {
        // Most puts are after the last key.
        if let last = entries.last {
            let order = compareBytes(last.key, key)
            if order < 0 { return (entries.count, false) }
            if order == 0 { return (entries.count - 1, true) }
        }
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            let order = compareBytes(entries[middle].key, key)
            if order == 0 { return (middle, true) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return (low, false)
    }

    /// Index of the branch entry whose subtree holds `key`; the branch is not empty.
    func childIndex(for key: UnsafeRawBufferPointer) -> Int {
        let match = search(key)
        return match.found ? match.index : max(0, match.index - 1)
    }

    func append(_ entry: NodeEntry, child: TreeNode? = nil) {
        entries.append(entry)
        if !isLeaf { children.append(child) }
        byteCount += entry.byteCount
    }

    func insert(_ entry: NodeEntry, at index: Int) {
        entries.insert(entry, at: index)
        if !isLeaf { children.insert(nil, at: index) }
        byteCount += entry.byteCount
    }

    func replace(_ entry: NodeEntry, at index: Int) {
        byteCount += entry.byteCount - entries[index].byteCount
        entries[index] = entry
    }

    func remove(at index: Int) {
        byteCount -= entries[index].byteCount
        entries.remove(at: index)
        if !isLeaf { children.remove(at: index) }
        lostEntries = true
    }

    func setChild(_ child: TreeNode, at index: Int) {
        children[index] = child
    }

    /// Appends all entries of the node to the right.
    func absorb(_ right: TreeNode) {
        entries.append(contentsOf: right.entries)
        children.append(contentsOf: right.children)
        byteCount += right.byteCount - PageLayout.headerBytes
    }
}
