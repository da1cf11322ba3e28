/// The value of a bucket's element: the root of its tree, or the inline page itself.
struct BucketHeader {
    var root: PageID
    var sequence: UInt64
    /// The page that follows the header when `root` is none.
    var inlinePage: PageView?

    init(root: PageID, sequence: UInt64) {
        self.root = root
        self.sequence = sequence
    }

    /// Decodes the value found on `page`, which is used in faults.
    init(value: UnsafeRawBufferPointer, page: PageID) throws(PageFault) {
        guard let base = value.baseAddress, value.count >= PageLayout.bucketHeaderBytes else {
            throw PageFault(page, .bucketHeader)
        }
        root = PageID(rawValue: base.loadLittle(at: 0, as: UInt64.self))
        sequence = base.loadLittle(at: 8, as: UInt64.self)
        if root == .none {
            let inline = try PageView(
                base: base + PageLayout.bucketHeaderBytes,
                byteCount: value.count - PageLayout.bucketHeaderBytes, id: page)
            // An inline bucket is a single leaf; a branch could point anywhere.
            guard inline.isLeaf else { throw PageFault(page, .bucketHeader) }
            inlinePage = inline
        }
    }

    /// Writes the 16 bytes of the header.
    func encode(to destination: UnsafeMutableRawPointer) {
        destination.storeLittle(root.rawValue, at: 0)
        destination.storeLittle(sequence, at: 8)
    }
}
