/// A position in a bucket of a write transaction, moving in key order.
///
/// It sees the transaction's changes and may be kept while the bucket changes: it then finds its
/// position again by its key. Keys and values are valid until commit or rollback.
package struct BoltWriteCursor {
    package typealias Entry = (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)

    private let bucket: BoltWriteBucket
    private var current: LeafItem?

    init(bucket: BoltWriteBucket) {
        self.bucket = bucket
    }

    /// Whether the entry last returned is a bucket.
    package var isAtBucket: Bool { current?.isBucket ?? false }

    /// Moves to the smallest key.
    package mutating func first() throws(BoltError) -> Entry? {
        try move(to: .first)
    }

    /// Moves to the largest key.
    package mutating func last() throws(BoltError) -> Entry? {
        try move(to: .last)
    }

    /// Moves to the first key that is not below `key`.
    package mutating func seek(_ key: UnsafeRawBufferPointer) throws(BoltError) -> Entry? {
        try move(to: .atLeast(key))
    }

    /// Moves to the next key; to the first one if the cursor has no position.
    package mutating func next() throws(BoltError) -> Entry? {
        guard let current else { return try first() }
        return try move(to: .above(current.key))
    }

    /// Moves to the previous key; to the last one if the cursor has no position.
    package mutating func previous() throws(BoltError) -> Entry? {
        guard let current else { return try last() }
        return try move(to: .below(current.key))
    }

    private mutating func move(to target: TreePosition) throws(BoltError) -> Entry? {
        bucket.requireUsable()
        do throws(PageFault) {
            let found = try bucket.tree.find(target)
            if let found, !target.admits(found.key) {
                throw PageFault(bucket.tree.header.root, .order)
            }
            current = found
        } catch {
            throw .corrupt(error)
        }
        guard let current else { return nil }
        if current.isBucket {
            return (current.key, UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return (current.key, current.value)
    }
}

/// A position in a tree, described by keys.
enum TreePosition {
    case first
    case last
    case atLeast(UnsafeRawBufferPointer)
    case above(UnsafeRawBufferPointer)
    case below(UnsafeRawBufferPointer)

    var isForward: Bool {
        switch self {
        case .first, .atLeast, .above: true
        case .last, .below: false
        }
    }

    /// Whether a found key matches the position: it does not only if pages are out of order, and an
    /// iteration over them might never end.
    func admits(_ found: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .first, .last: true
        case .atLeast(let key): compareBytes(found, key) >= 0
        case .above(let key): compareBytes(found, key) > 0
        case .below(let key): compareBytes(found, key) < 0
        }
    }

    /// The position for the search in the next subtree: its near edge.
    var edge: TreePosition { isForward ? .first : .last }
}
