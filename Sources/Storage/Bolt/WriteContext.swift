internal import Disk

/// The common state of the buckets of one write transaction: the state it began with, the memory
/// for its changes and the pages it frees.
final class WriteContext {
    let source: PageSource
    let freePages: FreePages
    let arena = ByteArena(chunkBytes: 1 << 20)
    /// Number of the commit.
    let transaction: UInt64
    private(set) var freed: [PageRun] = []
    /// False once committed or rolled back.
    var isOpen = true
    /// Incremented by each change; cursors use it to detect that their position is stale.
    var changeCount = 0

    init(source: PageSource, freePages: FreePages, transaction: UInt64) {
        self.source = source
        self.freePages = freePages
        self.transaction = transaction
    }

    var pageSizeBytes: Int { source.pageSizeBytes }

    func requireOpen() {
        precondition(isOpen, "a write transaction is used until its commit or rollback")
    }

    /// Frees a page. A page that is already pending or free is a fault of the file.
    func free(_ run: PageRun) throws(PageFault) {
        guard freePages.markPending(run) else { throw PageFault(run.first, .crossLinked) }
        freed.append(run)
    }

    /// Frees the page that a node was read from.
    func freeOrigin(of node: TreeNode) throws(PageFault) {
        if let run = node.takeOrigin() { try free(run) }
    }

    /// Reads a page into memory.
    func materialize(_ id: PageID) throws(PageFault) -> TreeNode {
        let page = try source.page(id)
        let node = try TreeNode(page: page, origin: page.run(pageSizeBytes: pageSizeBytes))
        guard node.isLeaf || !node.entries.isEmpty else { throw PageFault(id, .empty) }
        return node
    }

    /// The node of a branch's child, read if not in memory yet.
    func child(of node: TreeNode, at index: Int) throws(PageFault) -> TreeNode {
        if let present = node.children[index] { return present }
        let child = try materialize(node.entries[index].child)
        node.setChild(child, at: index)
        return child
    }

    /// Frees all pages of a committed tree and of its nested buckets.
    func freeTree(root: PageID) throws(PageFault) {
        var pages = [root]
        while let id = pages.popLast() {
            let page = try source.page(id)
            try free(page.run(pageSizeBytes: pageSizeBytes))
            for index in 0..<page.count {
                if !page.isLeaf {
                    pages.append(page.child(at: index))
                } else if page.isBucket(at: index) {
                    let header = try BucketHeader(value: try page.item(at: index).value, page: id)
                    if header.root != .none { pages.append(header.root) }
                }
            }
        }
    }
}
