/// Splitting full pages.
extension KeyIndex {
    /// Splits the page at `depth` of the last descent or, if its parent lacks space for one more
    /// entry, the parent. The caller descends again and checks whether the entry fits now.
    ///
    /// A page that grows at one of its ends is split at that end, so that keys inserted in order
    /// leave full pages behind.
    func split(depth: Int, insertionIndex: Int, _ newKey: UnsafeRawBufferPointer) {
        guard depth > 0 else {
            growRoot()
            return
        }
        let full = page(path.page(depth))
        let position = chooseSplitPosition(full, insertionIndex, newKey)
        let parent = page(path.page(depth - 1))
        let childIndex = path.index(depth - 1)
        guard parent.fits(keyLength: scratch.separator.count) else {
            split(depth: depth - 1, insertionIndex: childIndex + 1, newKey)
            return
        }
        split(path.page(depth), at: position, parent, childIndex)
    }

    /// Adds a new root above the current one.
    private func growRoot() {
        let id = pages.allocate()
        let top = page(id)
        let below = page(root)
        top.format(
            level: below.level + 1, lower: UnsafeRawBufferPointer(start: nil, count: 0),
            upper: nil, chunks: &chunks)
        setChild(top.insertLeast(), root, below.summary)
        root = id
    }

    private func setChild(
        _ payload: UnsafeMutableRawPointer, _ id: UInt32, _ summary: SubtreeSummary
    ) {
        payload.storeBytes(of: id, as: UInt32.self)
        summary.store(to: payload)
    }

    /// Splits a page before the entry at `position`, at `scratch.separator`.
    private func split(
        _ leftID: UInt32, at position: Int, _ parent: IndexPage, _ childIndex: Int
    ) {
        let left = page(leftID)
        let rightID = pages.allocate()
        let right = page(rightID)
        let old = copy(left, to: scratch.leftPage)
        let separator = scratch.separator
        separator.withUnsafeBytes { separator in
            left.format(
                level: old.level, lower: old.lowerFence, upper: separator, chunks: &chunks)
            right.format(
                level: old.level, lower: separator, upper: old.upperFence, chunks: &chunks)
            move(old, 0..<position, to: left)
            move(old, position..<old.count, to: right)
            let chunk =
                separator.count > IndexPage.inlineKeyMax
                ? chunks.store(longKey: separator) : 0
            let payload = parent.insert(separator, chunk: chunk, at: childIndex + 1)
            setChild(payload, rightID, right.summary)
        }
        left.summary.store(to: parent.payload(childIndex))
        old.releaseFences(&chunks)
        if old.isLeaf { linkLeaf(rightID, after: leftID, before: old.nextLeaf, old.previousLeaf) }
    }

    private func linkLeaf(
        _ rightID: UInt32, after leftID: UInt32, before next: UInt32, _ previous: UInt32
    ) {
        page(leftID).previousLeaf = previous
        page(leftID).nextLeaf = rightID
        page(rightID).previousLeaf = leftID
        page(rightID).nextLeaf = next
        if next != 0 { page(next).previousLeaf = rightID }
    }

    /// Copies a page to scratch memory.
    func copy(_ page: IndexPage, to memory: UnsafeMutableRawPointer) -> IndexPage {
        memory.copyMemory(from: page.base, byteCount: PageArena.pageSizeBytes)
        return IndexPage(base: memory, chunkBase: chunkBase)
    }

    /// Appends entries of a copied page to a page with other fences.
    ///
    /// The first entry of an inner page loses its key; `move` frees it if it is long.
    func move(_ source: IndexPage, _ range: Range<Int>, to target: IndexPage) {
        source.copyPrefix(to: scratch.keyBuffer)
        for index in range {
            let chunk = source.longKeyChunk(index)
            let payload: UnsafeMutableRawPointer
            if !target.isLeaf, target.count == 0 {
                payload = target.insertLeast()
                if chunk != 0 { chunks.free(chunk) }
            } else {
                let key = source.key(index, buffer: scratch.keyBuffer)
                payload = target.insert(key, chunk: chunk, at: target.count)
            }
            payload.copyMemory(from: source.payload(index), byteCount: source.payloadSizeBytes)
            if source.isLeaf, PackedRecord.isTombstone(at: payload) { target.tombstoneCount += 1 }
        }
    }
}
