/// A position in a bucket of a read transaction, moving in key order.
///
/// Keys and values are borrowed from the mapping and valid while the transaction is open; the value
/// of a bucket entry is empty. A move that reads a damaged page throws, and leaves the cursor
/// before the first entry.
///
/// Invariant: a leaf is entered in the direction of the move only if its keys are beyond those of
/// the previous leaf, so an iteration ends even if pages are linked in circles.
package struct BoltCursor {
    package typealias Entry = (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)

    private struct Frame {
        let page: PageView
        var index: Int
    }

    private let bucket: BoltBucket
    private var frames: ContiguousArray<Frame> = []
    private var current: LeafItem?

    init(bucket: BoltBucket) {
        self.bucket = bucket
    }

    /// Whether the entry last returned is a bucket.
    package var isAtBucket: Bool { current?.isBucket ?? false }

    /// The entry last returned as a bucket, nil if it is not one.
    package func nestedBucket() throws(PageFault) -> BoltBucket? {
        guard let current, current.isBucket else { return nil }
        return try bucket.open(current.value)
    }

    /// Moves to the smallest key.
    package mutating func first() throws(PageFault) -> Entry? {
        try move { cursor throws(PageFault) in
            try cursor.restart()
            try cursor.descend(toFirst: true)
            return try cursor.settleForward()
        }
    }

    /// Moves to the largest key.
    package mutating func last() throws(PageFault) -> Entry? {
        try move { cursor throws(PageFault) in
            try cursor.restart()
            try cursor.descend(toFirst: false)
            guard let leaf = cursor.frames.last, leaf.page.count > 0 else { return nil }
            return try leaf.page.item(at: leaf.index)
        }
    }

    /// Moves to the first key that is not below `key`.
    package mutating func seek(_ key: UnsafeRawBufferPointer) throws(PageFault) -> Entry? {
        try move { cursor throws(PageFault) in
            try cursor.restart()
            while let top = cursor.frames.last, !top.page.isLeaf {
                guard top.page.count > 0 else { throw PageFault(top.page.id, .empty) }
                let index = try top.page.childIndex(for: key)
                cursor.frames[cursor.frames.count - 1].index = index
                try cursor.push(top.page.child(at: index))
            }
            guard let leaf = cursor.frames.last else { return nil }
            cursor.frames[cursor.frames.count - 1].index = try leaf.page.search(key).index
            return try cursor.settleForward()
        }
    }

    /// Moves to the first key that is not below `key`.
    package mutating func seek(_ key: [UInt8]) throws(PageFault) -> Entry? {
        try key.withBytes { bytes throws(PageFault) in try seek(bytes) }
    }

    /// Moves to the next key; to the first one if the cursor has no position yet.
    package mutating func next() throws(PageFault) -> Entry? {
        if frames.isEmpty { return try first() }
        return try move { cursor throws(PageFault) in
            let top = cursor.frames.count - 1
            cursor.frames[top].index += 1
            return try cursor.settleForward()
        }
    }

    /// Moves to the previous key; to the last one if the cursor has no position yet.
    package mutating func previous() throws(PageFault) -> Entry? {
        if frames.isEmpty { return try last() }
        return try move { cursor throws(PageFault) in
            try cursor.stepBack()
        }
    }

    private mutating func move(
        _ body: (inout BoltCursor) throws(PageFault) -> LeafItem?
    ) throws(PageFault) -> Entry? {
        do throws(PageFault) {
            current = try body(&self)
        } catch {
            frames.removeAll(keepingCapacity: true)
            current = nil
            throw error
        }
        guard let current else { return nil }
        if current.isBucket {
            return (current.key, UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return (current.key, current.value)
    }

    private mutating func restart() throws(PageFault) {
        frames.removeAll(keepingCapacity: true)
        frames.append(Frame(page: try bucket.rootPage(), index: 0))
    }

    private mutating func push(_ id: PageID) throws(PageFault) {
        guard frames.count < PageLayout.depthMax else { throw PageFault(id, .tooDeep) }
        let page = try bucket.transaction.source.page(id)
        // Only a root may be empty; skipping empty pages could loop forever.
        guard page.count > 0 else { throw PageFault(id, .empty) }
        frames.append(Frame(page: page, index: 0))
    }

    /// Descends to a leaf along the edge of the subtree at the top frame.
    private mutating func descend(toFirst: Bool) throws(PageFault) {
        while let top = frames.last {
            let index = toFirst ? 0 : max(0, top.page.count - 1)
            frames[frames.count - 1].index = index
            if top.page.isLeaf { return }
            guard top.page.count > 0 else { throw PageFault(top.page.id, .empty) }
            try push(top.page.child(at: index))
        }
    }

    /// The entry at the position, or the first of the next leaf if the position is after its leaf.
    private mutating func settleForward() throws(PageFault) -> LeafItem? {
        guard let leaf = frames.last else { return nil }
        if leaf.index < leaf.page.count { return try leaf.page.item(at: leaf.index) }
        frames[frames.count - 1].index = leaf.page.count
        guard leaf.page.count > 0, let fork = frames.dropLast().lastIndex(where: canGoForward)
        else { return nil }
        let edge = try leaf.page.key(at: leaf.page.count - 1)
        frames.removeSubrange((fork + 1)...)
        frames[fork].index += 1
        try push(frames[fork].page.child(at: frames[fork].index))
        try descend(toFirst: true)
        guard let next = frames.last else { return nil }
        let item = try next.page.item(at: 0)
        guard compareBytes(edge, item.key) < 0, try isAscending(next.page) else {
            throw PageFault(next.page.id, .order)
        }
        return item
    }

    private mutating func stepBack() throws(PageFault) -> LeafItem? {
        guard let leaf = frames.last, leaf.page.count > 0 else { return nil }
        if leaf.index > 0 {
            frames[frames.count - 1].index = leaf.index - 1
            return try leaf.page.item(at: leaf.index - 1)
        }
        guard let fork = frames.dropLast().lastIndex(where: { $0.index > 0 }) else { return nil }
        let edge = try leaf.page.key(at: 0)
        frames.removeSubrange((fork + 1)...)
        frames[fork].index -= 1
        try push(frames[fork].page.child(at: frames[fork].index))
        try descend(toFirst: false)
        guard let next = frames.last else { return nil }
        let item = try next.page.item(at: next.index)
        guard compareBytes(item.key, edge) < 0, try isAscending(next.page) else {
            throw PageFault(next.page.id, .order)
        }
        return item
    }

    private func canGoForward(_ frame: Frame) -> Bool {
        frame.index + 1 < frame.page.count
    }

    private func isAscending(_ page: PageView) throws(PageFault) -> Bool {
        compareBytes(try page.key(at: 0), try page.key(at: page.count - 1)) <= 0
    }
}
