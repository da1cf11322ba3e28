/// Making room: dividing full pages.
extension KeyIndex {
    /// Divides the page at `depth` of the last descent, or, if the page above it lacks room for
    /// one more entry, that one. The caller descends again and looks whether there is room now.
    ///
    /// A page that grows at one of its ends is divided at that end, so that keys arriving in
    /// order leave full pages behind.
    func divide(depth: Int, insertionIndex: Int, _ newKey: UnsafeRawBufferPointer) {
        guard depth > 0 else {
            growRoot()
            return
        }
        let full = page(path.page(depth))
        let position = chooseDivision(full, insertionIndex, newKey)
        let parent = page(path.page(depth - 1))
        let childIndex = path.index(depth - 1)
        guard parent.fits(keyLength: scratch.separator.count) else {
            divide(depth: depth - 1, insertionIndex: childIndex + 1, newKey)
            return
        }
        divide(path.page(depth), at: position, parent, childIndex)
    }

    /// Puts a new root above the present one.
    private func growRoot() {
        let id = pages.allocate()
        let top = page(id)
        let below = page(root)
        top.format(
            level: below.level + 1, lower: UnsafeRawBufferPointer(start: nil, count: 0),
            upper: nil, chunks: &chunks)
        setChild(top.insertLeast(), root, liveCount: liveCount(below))
        root = id
    }

    private func setChild(_ payload: UnsafeMutableRawPointer, _ id: UInt32, liveCount: Int) {
        payload.storeBytes(of: id, as: UInt32.self)
        payload.storeBytes(
            of: UInt32(liveCount), toByteOffset: InnerEntry.liveCountOffset, as: UInt32.self)
    }

    /// Chooses the first entry that goes to the right page, and `scratch.separator` with it.
    private func chooseDivision(
        _ page: IndexPage, _ insertionIndex: Int, _ newKey: UnsafeRawBufferPointer
    ) -> Int {
        if insertionIndex == page.count || insertionIndex == 0 {
            let isLow = insertionIndex == 0
            let position = isLow ? 0 : page.isLeaf ? page.count : page.count - 1
            chooseSeparator(page, position, newKey)
            let oldFence = isLow ? page.lowerFence.count : page.upperFence?.count ?? 0
            let growth = IndexPage.fenceSizeBytes(scratch.separator.count)
                - IndexPage.fenceSizeBytes(oldFence)
            if page.usedBytes + growth <= PageArena.pageSizeBytes { return position }
        }
        let position = middleIndex(page)
        chooseSeparator(page, position, newKey)
        return position
    }

    /// The entry before which half of a page's entry bytes lie.
    private func middleIndex(_ page: IndexPage) -> Int {
        var total = 0
        for index in 0..<page.count { total += page.entrySizeBytes(index) }
        var left = 0
        var index = 0
        while index < page.count - 1, left * 2 < total {
            left += page.entrySizeBytes(index)
            index += 1
        }
        return index
    }

    /// Puts the lowest key of the right page's range into `scratch.separator`: for a leaf the
    /// shortest that divides, for an inner page the key of the entry at `position`.
    private func chooseSeparator(
        _ page: IndexPage, _ position: Int, _ newKey: UnsafeRawBufferPointer
    ) {
        page.copyPrefix(to: scratch.keyBuffer)
        guard page.isLeaf else {
            copySeparator(page.key(position, buffer: scratch.keyBuffer)[...])
            return
        }
        page.copyPrefix(to: scratch.otherKeyBuffer)
        let left = position == 0 ? newKey : page.key(position - 1, buffer: scratch.keyBuffer)
        let right = position == page.count
            ? newKey : page.key(position, buffer: scratch.otherKeyBuffer)
        copySeparator(right.prefix(commonPrefixLength(left, right) + 1))
    }

    private func copySeparator(_ bytes: Slice<UnsafeRawBufferPointer>) {
        scratch.separator.removeAll(keepingCapacity: true)
        scratch.separator.append(contentsOf: bytes)
    }

    /// Divides a page before the entry at `position`, at `scratch.separator`.
    private func divide(
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
            let chunk = separator.count > IndexPage.inlineKeyMax
                ? chunks.store(longKey: separator) : 0
            let payload = parent.insert(separator, chunk: chunk, at: childIndex + 1)
            setChild(payload, rightID, liveCount: liveCount(right))
        }
        setLiveCount(parent, childIndex, liveCount(left))
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
