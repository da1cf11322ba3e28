/// Converts the nodes of one tree back into pages: first merges nodes that are too small, then
/// splits nodes that are too large and writes them.
struct TreeCommit {
    private let context: WriteContext
    private let pages: PageWriter
    private let fillPercent: Double

    init(context: WriteContext, pages: PageWriter, fillPercent: Double) {
        self.context = context
        self.pages = pages
        let range = PageLayout.fillPercentRange
        self.fillPercent = min(max(fillPercent, range.lowerBound), range.upperBound)
    }

    /// Merges nodes that lost entries, bottom up, and returns the new root.
    func rebalance(root: TreeNode) throws(PageFault) -> TreeNode {
        try rebalanceChildren(of: root)
        var root = root
        while !root.isLeaf && root.entries.count <= 1 {
            try context.freeOrigin(of: root)
            if root.entries.isEmpty { return TreeNode(isLeaf: true) }
            // The depth of trees from a file is checked when they are read; here each iteration
            // descends one level of a branch with one child.
            root = try context.child(of: root, at: 0)
        }
        return root
    }

    /// Writes all nodes and returns the page of the root.
    func spill(root: TreeNode) throws(PageFault) -> PageID {
        var level: ContiguousArray<NodeEntry> = []
        try spill(root, into: &level)
        while level.count > 1 {
            let branch = TreeNode(isLeaf: false)
            for entry in level { branch.append(entry) }
            level.removeAll(keepingCapacity: true)
            try write(branch.entries, isLeaf: false, byteCount: branch.byteCount, into: &level)
        }
        precondition(level.count == 1, "a spilled tree has one root")
        return level[0].child
    }

    // MARK: - Merging

    private func rebalanceChildren(of node: TreeNode) throws(PageFault) {
        if node.isLeaf { return }
        for index in node.children.indices {
            if let child = node.children[index] { try rebalanceChildren(of: child) }
        }
        var index = 0
        while index < node.entries.count {
            guard let child = node.children[index], child.lostEntries, isTooSmall(child) else {
                index += 1
                continue
            }
            if child.entries.isEmpty {
                try context.freeOrigin(of: child)
                node.remove(at: index)
            } else if let left = try partner(of: child, at: index, in: node) {
                try merge(rightOf: left, in: node)
            } else {
                index += 1
            }
        }
    }

    /// bbolt's rule: half of what a split leaves in a page, or too few entries for a node.
    private func isTooSmall(_ node: TreeNode) -> Bool {
        let threshold = Int(Double(context.pageSizeBytes) * fillPercent) / 2
        return node.byteCount <= threshold || node.entries.count < entriesMin(node)
    }

    private func entriesMin(_ node: TreeNode) -> Int {
        node.isLeaf ? 1 : PageLayout.keysPerPageMin
    }

    /// Index of the left one of the two nodes to merge: `child` with the neighbour that fits into
    /// one page with it. bbolt merges with any neighbour and splits again, which only moves
    /// entries; a branch with a single child does need a neighbour, or the tree could become ever
    /// deeper.
    private func partner(
        of child: TreeNode, at index: Int, in node: TreeNode
    ) throws(PageFault) -> Int? {
        let capacityBytes = context.pageSizeBytes - child.byteCount + PageLayout.headerBytes
        if index > 0, try usedBytes(of: node, at: index - 1) <= capacityBytes { return index - 1 }
        let hasRight = index + 1 < node.entries.count
        if hasRight, try usedBytes(of: node, at: index + 1) <= capacityBytes { return index }
        guard child.entries.count < entriesMin(child) else { return nil }
        if index > 0 { return index - 1 }
        return hasRight ? index : nil
    }

    private func usedBytes(of node: TreeNode, at index: Int) throws(PageFault) -> Int {
        if let child = node.children[index] { return child.byteCount }
        return try context.source.page(node.entries[index].child).usedBytes()
    }

    private func merge(rightOf index: Int, in node: TreeNode) throws(PageFault) {
        let left = try context.child(of: node, at: index)
        let right = try context.child(of: node, at: index + 1)
        guard left.isLeaf == right.isLeaf else {
            throw PageFault(node.entries[index].child, .wrongType)
        }
        left.absorb(right)
        left.lostEntries = true
        try context.freeOrigin(of: right)
        node.remove(at: index + 1)
    }

    // MARK: - Splitting and writing

    /// Writes the subtree of a node; adds an entry for each page to the parent's level.
    private func spill(
        _ node: TreeNode, into level: inout ContiguousArray<NodeEntry>
    ) throws(PageFault) {
        try context.freeOrigin(of: node)
        if node.isLeaf {
            try write(node.entries, isLeaf: true, byteCount: node.byteCount, into: &level)
            return
        }
        var entries: ContiguousArray<NodeEntry> = []
        entries.reserveCapacity(node.entries.count)
        for index in node.entries.indices {
            if let child = node.children[index] {
                try spill(child, into: &entries)
            } else {
                entries.append(node.entries[index])
            }
        }
        let byteCount = entries.reduce(PageLayout.headerBytes) { $0 + $1.byteCount }
        try write(entries, isLeaf: false, byteCount: byteCount, into: &level)
    }

    /// Writes entries as the number of pages that bbolt's rule splits them into.
    private func write(
        _ entries: ContiguousArray<NodeEntry>, isLeaf: Bool, byteCount: Int,
        into level: inout ContiguousArray<NodeEntry>
    ) throws(PageFault) {
        var start = 0
        var leftBytes = byteCount
        while true {
            let part = nextPart(of: entries, from: start, leftBytes: leftBytes)
            let page = pages.write(
                entries[start..<part.end], isLeaf: isLeaf, byteCount: part.byteCount)
            let key =
                start < part.end ? entries[start].key : UnsafeRawBufferPointer(start: nil, count: 0)
            level.append(NodeEntry(key: key, child: page))
            if part.end == entries.count { return }
            start = part.end
            leftBytes -= part.byteCount - PageLayout.headerBytes
        }
    }

    /// The entries of the next page: all, if they fit or are too few for two pages, else as many as
    /// fill it to `fillPercent`, at least two and leaving at least two.
    private func nextPart(
        of entries: ContiguousArray<NodeEntry>, from start: Int, leftBytes: Int
    ) -> (end: Int, byteCount: Int) {
        let least = PageLayout.keysPerPageMin
        if entries.count - start <= 2 * least || leftBytes < context.pageSizeBytes {
            return (entries.count, leftBytes)
        }
        let threshold = Int(Double(context.pageSizeBytes) * fillPercent)
        var byteCount = PageLayout.headerBytes
        var end = start
        while end < entries.count - least {
            let next = entries[end].byteCount
            if end - start >= least && byteCount + next > threshold { break }
            byteCount += next
            end += 1
        }
        return (end, byteCount)
    }
}
