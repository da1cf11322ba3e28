extension BoltWriteBucket {
    /// The bucket of that name inside this one, nil when there is none.
    package func bucket(_ name: [UInt8]) throws(BoltError) -> BoltWriteBucket? {
        if let known = opened[name] { return known }
        guard let item = try name.withBytes({ bytes throws(BoltError) in try find(bytes) }),
            item.isBucket
        else { return nil }
        let header: BucketHeader
        do {
            header = try BucketHeader(value: item.value, page: tree.header.root)
        } catch {
            throw .corrupt(error)
        }
        let bucket = BoltWriteBucket(
            context: context, tree: WriteTree(context: context, header: header))
        opened[name] = bucket
        return bucket
    }

    /// The bucket of that name inside this one, created empty when there is none.
    @discardableResult
    package func createBucketIfMissing(_ name: [UInt8]) throws(BoltError) -> BoltWriteBucket {
        guard !name.isEmpty else { throw .bucketNameRequired }
        guard name.count <= PageLayout.keyBytesMax else {
            throw .keyTooLarge(sizeBytes: name.count)
        }
        if let present = try bucket(name) { return present }
        let tree = WriteTree(newIn: context)
        try putBucket(name, InlineBucket.empty)
        let bucket = BoltWriteBucket(context: context, tree: tree)
        opened[name] = bucket
        return bucket
    }

    /// Deletes the bucket of that name with its content; false when there was none.
    @discardableResult
    package func deleteBucket(_ name: [UInt8]) throws(BoltError) -> Bool {
        guard let bucket = try bucket(name) else { return false }
        do {
            try bucket.freeCommitted()
            try name.withBytes { bytes throws(PageFault) in try tree.remove(bytes) }
        } catch {
            throw .corrupt(error)
        }
        opened[name] = nil
        bucket.markDeleted()
        return true
    }

    /// Writes the value of a bucket's element.
    func putBucket(_ name: [UInt8], _ value: [UInt8]) throws(BoltError) {
        let done: Bool
        do {
            done = try name.withBytes { nameBytes throws(PageFault) in
                try value.withBytes { bytes throws(PageFault) in
                    try tree.put(nameBytes, bytes, flags: PageLayout.bucketElementFlag)
                }
            }
        } catch {
            throw .corrupt(error)
        }
        if !done { throw .incompatibleValue }
    }

    /// Frees the pages of the committed tree and of its nested trees, regardless of later changes.
    private func freeCommitted() throws(PageFault) {
        if tree.header.root != .none {
            try context.freeTree(root: tree.header.root)
        } else if let page = tree.header.inlinePage {
            // bbolt puts no bucket into an inline one, but a file may contain one.
            for index in 0..<page.count where page.isBucket(at: index) {
                let value = try page.item(at: index).value
                let header = try BucketHeader(value: value, page: page.id)
                if header.root != .none { try context.freeTree(root: header.root) }
            }
        }
    }

    private func markDeleted() {
        isDeleted = true
        for bucket in opened.values { bucket.markDeleted() }
    }
}

/// A bucket that is small enough to be stored in the value of its element.
enum InlineBucket {
    /// The value of a bucket without entries.
    static let empty: [UInt8] = {
        var value = [UInt8](
            repeating: 0, count: PageLayout.bucketHeaderBytes + PageLayout.headerBytes)
        value[PageLayout.bucketHeaderBytes + 8] = UInt8(PageLayout.leafFlag)
        return value
    }()

    /// bbolt's rule: one leaf without buckets, at most a quarter of a page.
    static func fits(_ node: TreeNode, pageSizeBytes: Int) -> Bool {
        node.isLeaf && node.byteCount <= pageSizeBytes / 4
            && !node.entries.contains { $0.isBucket }
    }

    /// The value with the node as inline page.
    static func encode(_ node: TreeNode, sequence: UInt64) -> [UInt8] {
        var value = [UInt8](repeating: 0, count: PageLayout.bucketHeaderBytes + node.byteCount)
        value.withMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            BucketHeader(root: .none, sequence: sequence).encode(to: base)
            PageImage.write(
                node.entries[...], isLeaf: true, run: PageRun(first: .none, count: 1),
                to: base + PageLayout.bucketHeaderBytes)
        }
        return value
    }
}
