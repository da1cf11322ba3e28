/// Key ranges, each with the watchers of exactly that range, searched by a key they contain.
///
/// A treap: ordered by start, then end; heap-ordered by a hash of both, so that its shape depends
/// only on its content. Each node holds the highest end of its subtree, so that a search skips
/// subtrees that end before the key. A search costs O(log n) plus the ranges found.
struct IntervalTree {
    private struct Node {
        var start: [UInt8]
        /// Nil for ranges without an end.
        var end: [UInt8]?
        var highestEnd: [UInt8]?
        var priority: UInt64
        var left = -1
        var right = -1
        var watchers: WatcherList
    }

    private var nodes: [Node] = []
    private var freeNodes: [Int] = []
    private var root = -1

    var isEmpty: Bool { root < 0 }

    /// Adds a watcher of a range.
    mutating func insert(_ watcher: Watcher) {
        let (start, end) = Self.bounds(watcher)
        root = insert(watcher, start, end, into: root)
    }

    /// Removes a watcher that was inserted.
    mutating func remove(_ watcher: Watcher) {
        let (start, end) = Self.bounds(watcher)
        root = remove(watcher, start, end, from: root)
    }

    /// Visits the watchers of all ranges that contain a key.
    func forEach<Failure: Error>(
        containing key: UnsafeRawBufferPointer, _ body: (Watcher) throws(Failure) -> Void
    ) throws(Failure) {
        try visit(root, key, body)
    }

    private static func bounds(_ watcher: Watcher) -> ([UInt8], [UInt8]?) {
        let end = watcher.configuration.end
        return (watcher.configuration.key, end == [0] ? nil : end)
    }

    private func visit<Failure: Error>(
        _ node: Int, _ key: UnsafeRawBufferPointer, _ body: (Watcher) throws(Failure) -> Void
    ) throws(Failure) {
        guard node >= 0, Self.isBelow(key, nodes[node].highestEnd) else { return }
        try visit(nodes[node].left, key, body)
        let startsBefore = nodes[node].start.withUnsafeBytes { compareBytes($0, key) <= 0 }
        guard startsBefore else { return }
        if Self.isBelow(key, nodes[node].end) { try nodes[node].watchers.forEach(body) }
        try visit(nodes[node].right, key, body)
    }

    private static func isBelow(_ key: UnsafeRawBufferPointer, _ end: [UInt8]?) -> Bool {
        guard let end else { return true }
        return end.withUnsafeBytes { compareBytes(key, $0) < 0 }
    }

    private mutating func insert(
        _ watcher: Watcher, _ start: [UInt8], _ end: [UInt8]?, into node: Int
    ) -> Int {
        guard node >= 0 else { return makeNode(watcher, start, end) }
        let order = Self.compare(start, end, nodes[node].start, nodes[node].end)
        if order == 0 {
            nodes[node].watchers.append(watcher)
            return node
        }
        if order < 0 {
            let child = insert(watcher, start, end, into: nodes[node].left)
            nodes[node].left = child
            if nodes[child].priority > nodes[node].priority { return rotateRight(node) }
        } else {
            let child = insert(watcher, start, end, into: nodes[node].right)
            nodes[node].right = child
            if nodes[child].priority > nodes[node].priority { return rotateLeft(node) }
        }
        updateHighestEnd(node)
        return node
    }

    private mutating func remove(
        _ watcher: Watcher, _ start: [UInt8], _ end: [UInt8]?, from node: Int
    ) -> Int {
        precondition(node >= 0, "a watcher that is removed was inserted")
        let order = Self.compare(start, end, nodes[node].start, nodes[node].end)
        if order == 0 {
            nodes[node].watchers.remove(watcher)
            guard nodes[node].watchers.isEmpty else { return node }
            let joined = join(nodes[node].left, nodes[node].right)
            freeNodes.append(node)
            return joined
        }
        if order < 0 {
            nodes[node].left = remove(watcher, start, end, from: nodes[node].left)
        } else {
            nodes[node].right = remove(watcher, start, end, from: nodes[node].right)
        }
        updateHighestEnd(node)
        return node
    }

    private mutating func join(_ left: Int, _ right: Int) -> Int {
        if left < 0 { return right }
        if right < 0 { return left }
        if nodes[left].priority > nodes[right].priority {
            nodes[left].right = join(nodes[left].right, right)
            updateHighestEnd(left)
            return left
        }
        nodes[right].left = join(left, nodes[right].left)
        updateHighestEnd(right)
        return right
    }

    private mutating func rotateRight(_ node: Int) -> Int {
        let child = nodes[node].left
        nodes[node].left = nodes[child].right
        nodes[child].right = node
        updateHighestEnd(node)
        updateHighestEnd(child)
        return child
    }

    private mutating func rotateLeft(_ node: Int) -> Int {
        let child = nodes[node].right
        nodes[node].right = nodes[child].left
        nodes[child].left = node
        updateHighestEnd(node)
        updateHighestEnd(child)
        return child
    }

    private mutating func makeNode(_ watcher: Watcher, _ start: [UInt8], _ end: [UInt8]?) -> Int {
        let node = Node(
            start: start, end: end, highestEnd: end, priority: Self.priority(start, end),
            watchers: WatcherList(watcher))
        guard let free = freeNodes.popLast() else {
            nodes.append(node)
            return nodes.count - 1
        }
        nodes[free] = node
        return free
    }

    private mutating func updateHighestEnd(_ node: Int) {
        var highest = nodes[node].end
        for child in [nodes[node].left, nodes[node].right] where child >= 0 {
            if Self.compareEnds(highest, nodes[child].highestEnd) < 0 {
                highest = nodes[child].highestEnd
            }
        }
        nodes[node].highestEnd = highest
    }

    private static func compare(
        _ start: [UInt8], _ end: [UInt8]?, _ otherStart: [UInt8], _ otherEnd: [UInt8]?
    ) -> Int {
        let order = start.withUnsafeBytes { first in
            otherStart.withUnsafeBytes { second in compareBytes(first, second) }
        }
        return order != 0 ? order : compareEnds(end, otherEnd)
    }

    private static func compareEnds(_ left: [UInt8]?, _ right: [UInt8]?) -> Int {
        switch (left, right) {
        case (nil, nil): return 0
        case (nil, _): return 1
        case (_, nil): return -1
        case (let left?, let right?):
            return left.withUnsafeBytes { a in right.withUnsafeBytes { compareBytes(a, $0) } }
        }
    }

    /// FNV-1a with a final mix.
    private static func priority(_ start: [UInt8], _ end: [UInt8]?) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in start { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ 0xff) &* 0x100_0000_01b3
        for byte in end ?? [] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash ^= hash >> 31
        hash = hash &* 0x9e37_79b9_7f4a_7c15
        return hash ^ (hash >> 29)
    }
}
