extension WriteTree {
    /// The element at a position, nil when there is none.
    ///
    /// Each call descends from the root: a node may have no entries any more, and then its
    /// neighbours are tried. Pages and nodes are handled alike. The depth is bounded, and so is the
    /// number of empty nodes, as only nodes in memory may be empty.
    func find(_ position: TreePosition) throws(PageFault) -> LeafItem? {
        guard let root else { return try find(position, page: try rootPage(), depth: 0) }
        return try find(position, node: root, depth: 0)
    }

    private func find(
        _ position: TreePosition, node: TreeNode, depth: Int
    ) throws(PageFault) -> LeafItem? {
        let count = node.entries.count
        if count == 0 { return nil }
        if node.isLeaf {
            guard let index = try leafIndex(position, count: count, search: { node.search($0) })
            else { return nil }
            let entry = node.entries[index]
            return LeafItem(key: entry.key, value: entry.value, flags: entry.flags)
        }
        guard depth < PageLayout.depthMax else { throw PageFault(header.root, .tooDeep) }
        var index = try childIndex(position, count: count) { node.childIndex(for: $0) }
        var position = position
        while index >= 0 && index < count {
            let found: LeafItem?
            if let child = node.children[index] {
                found = try find(position, node: child, depth: depth + 1)
            } else {
                let page = try context.source.page(node.entries[index].child)
                found = try find(position, page: page, depth: depth + 1)
            }
            if let found { return found }
            index += position.isForward ? 1 : -1
            position = position.edge
        }
        return nil
    }

    private func find(
        _ position: TreePosition, page: PageView, depth: Int
    ) throws(PageFault) -> LeafItem? {
        let count = page.count
        if page.isLeaf {
            guard count > 0 else { return nil }
            let index = try leafIndex(position, count: count) { key throws(PageFault) in
                try page.search(key)
            }
            return try index.map { index throws(PageFault) in try page.item(at: index) }
        }
        guard depth < PageLayout.depthMax else { throw PageFault(page.id, .tooDeep) }
        guard count > 0 else { throw PageFault(page.id, .empty) }
        let index = try childIndex(position, count: count) { key throws(PageFault) in
            try page.childIndex(for: key)
        }
        if let found = try find(position, childOf: page, at: index, depth: depth) { return found }
        // The position is between two children. The next one's edge always exists, as only nodes in
        // memory may be empty; so at most one neighbour is tried on each level.
        let neighbour = index + (position.isForward ? 1 : -1)
        guard neighbour >= 0 && neighbour < count else { return nil }
        return try find(position.edge, childOf: page, at: neighbour, depth: depth)
    }

    private func find(
        _ position: TreePosition, childOf page: PageView, at index: Int, depth: Int
    ) throws(PageFault) -> LeafItem? {
        let child = try context.source.page(page.child(at: index))
        guard child.count > 0 else { throw PageFault(child.id, .empty) }
        return try find(position, page: child, depth: depth + 1)
    }

    private func leafIndex(
        _ position: TreePosition, count: Int,
        search: (UnsafeRawBufferPointer) throws(PageFault) -> (index: Int, found: Bool)
    ) throws(PageFault) -> Int? {
        let index: Int
        switch position {
        case .first: index = 0
        case .last: index = count - 1
        case .atLeast(let key): index = try search(key).index
        case .above(let key):
            let match = try search(key)
            index = match.found ? match.index + 1 : match.index
        case .below(let key): index = try search(key).index - 1
        }
        return index >= 0 && index < count ? index : nil
    }

    private func childIndex(
        _ position: TreePosition, count: Int,
        search: (UnsafeRawBufferPointer) throws(PageFault) -> Int
    ) throws(PageFault) -> Int {
        switch position {
        case .first: 0
        case .last: count - 1
        case .atLeast(let key), .above(let key), .below(let key): try search(key)
        }
    }
}
