/// The path from the root to a leaf: the pages, and in each inner page the entry that was followed.
struct KeyPath: ~Copyable {
    private struct Step {
        var page: UInt32
        var index: Int32
    }

    /// Deeper than a tree of 2^32 pages can grow.
    private static let depthMax = 32

    private let steps: UnsafeMutablePointer<Step>
    /// Number of inner pages on the path; the leaf's depth.
    private(set) var leafDepth = 0

    init() {
        steps = .allocate(capacity: Self.depthMax)
        steps.initialize(repeating: Step(page: 0, index: 0), count: Self.depthMax)
    }

    deinit { steps.deallocate() }

    /// The page at a depth; the root is at 0.
    func page(_ depth: Int) -> UInt32 {
        assert(depth >= 0 && depth <= leafDepth, "a depth is on the path")
        return steps[depth].page
    }

    /// The entry followed in the inner page at a depth.
    func index(_ depth: Int) -> Int {
        assert(depth >= 0 && depth < leafDepth, "a depth is above the leaf")
        return Int(steps[depth].index)
    }

    /// Clears the path.
    mutating func clear() { leafDepth = 0 }

    /// Adds an inner page and the entry followed in it.
    mutating func descend(through page: UInt32, _ index: Int) {
        precondition(leafDepth < Self.depthMax - 1, "the tree is no deeper than its ids allow")
        steps[leafDepth] = Step(page: page, index: Int32(truncatingIfNeeded: index))
        leafDepth += 1
    }

    /// Ends the path at a leaf.
    mutating func arrive(at leaf: UInt32) { steps[leafDepth] = Step(page: leaf, index: 0) }
}

/// Memory reused by writes: two page copies and key buffers.
struct WriterScratch: ~Copyable {
    /// A copy of the page being split, or the left one being merged.
    let leftPage: UnsafeMutableRawPointer
    /// A copy of the right page being merged.
    let rightPage: UnsafeMutableRawPointer
    /// Buffer for one short key.
    let keyBuffer: UnsafeMutableRawPointer
    /// Buffer for another short key.
    let otherKeyBuffer: UnsafeMutableRawPointer
    /// The separator of the current split.
    var separator: [UInt8] = []

    init() {
        func allocate(_ sizeBytes: Int) -> UnsafeMutableRawPointer {
            .allocate(byteCount: sizeBytes, alignment: 8)
        }
        leftPage = allocate(PageArena.pageSizeBytes)
        rightPage = allocate(PageArena.pageSizeBytes)
        keyBuffer = allocate(IndexPage.inlineKeyMax)
        otherKeyBuffer = allocate(IndexPage.inlineKeyMax)
    }

    deinit {
        leftPage.deallocate()
        rightPage.deallocate()
        keyBuffer.deallocate()
        otherKeyBuffer.deallocate()
    }
}
