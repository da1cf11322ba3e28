/// Key ranges, each with the watchers of exactly that range, searched by a key inside.
///
/// A treap: ordered by start, then end; heap-ordered by a hash of both, so that its shape depends
/// only on what is in it. Each node knows the highest end below it, which lets a search skip
/// whatever ends before the key: finding costs O(log n) and the ranges found.
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

    /// Visits the watchers of all ranges that hold a key.
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
        _ place: Int, _ key: UnsafeRawBufferPointer, _ body: (Watcher) throws(Failure) -> Void
    ) throws(Failure) {
        guard place >= 0, Self.isBelow(key, nodes[place].highestEnd) else { return }
        try visit(nodes[place].left, key, body)
        let startsBefore = nodes[place].start.withUnsafeBytes { compareBytes($0, key) <= 0 }
        guard startsBefore else { return }
        if Self.isBelow(key, nodes[place].end) { try nodes[place].watchers.forEach(body) }
        try visit(nodes[place].right, key, body)
    }

    private static func isBelow(_ key: UnsafeRawBufferPointer, _ end: [UInt8]?) -> Bool {
        guard let end else { return true }
        return end.withUnsafeBytes { compareBytes(key, $0) < 0 }
    }

    private mutating func insert(
        _ watcher: Watcher, _ start: [UInt8], _ end: [UInt8]?, into place: Int
    ) -> Int {
        guard place >= 0 else { return makeNode(watcher, start, end) }
        let order = Self.compare(start, end, nodes[place].start, nodes[place].end)
        if order == 0 {
            nodes[place].watchers.append(watcher)
            return place
        }
        if order < 0 {
            let child = insert(watcher, start, end, into: nodes[place].left)
            nodes[place].left = child
            if nodes[child].priority > nodes[place].priority { return rotateRight(place) }
        } else {
            let child = insert(watcher, start, end, into: nodes[place].right)
            nodes[place].right = child
            if nodes[child].priority > nodes[place].priority { return rotateLeft(place) }
        }
        updateHighestEnd(place)
        return place
    }

    private mutating func remove(
        _ watcher: Watcher, _ start: [UInt8], _ end: [UInt8]?, from place: Int
    ) -> Int {
        precondition(place >= 0, "a watcher that is removed was inserted")
        let order = Self.compare(start, end, nodes[place].start, nodes[place].end)
        if order == 0 {
            nodes[place].watchers.remove(watcher)
            guard nodes[place].watchers.isEmpty else { return place }
            let joined = join(nodes[place].left, nodes[place].right)
            freeNodes.append(place)
            return joined
        }
        if order < 0 {
            nodes[place].left = remove(watcher, start, end, from: nodes[place].left)
        } else {
            nodes[place].right = remove(watcher, start, end, from: nodes[place].right)
        }
        updateHighestEnd(place)
        return place
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

    private mutating func rotateRight(_ place: Int) -> Int {
        let child = nodes[place].left
        nodes[place].left = nodes[child].right
        nodes[child].right = place
        updateHighestEnd(place)
        updateHighestEnd(child)
        return child
    }

    private mutating func rotateLeft(_ place: Int) -> Int {
        let child = nodes[place].right
        nodes[place].right = nodes[child].left
        nodes[child].left = place
        updateHighestEnd(place)
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

    private mutating func updateHighestEnd(_ place: Int) {
        var highest = nodes[place].end
        for child in [nodes[place].left, nodes[place].right] where child >= 0 {
            if Self.compareEnds(highest, nodes[child].highestEnd) < 0 {
                highest = nodes[child].highestEnd
            }
        }
        nodes[place].highestEnd = highest
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
