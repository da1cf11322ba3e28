/// Merging pages that are sparse after removals.
extension KeyIndex {
    /// A page using fewer bytes than this is merged with a neighbour if possible.
    private static let sparseBytes = PageArena.pageSizeBytes / 3
    /// Merged pages use at most this, so that the next insertion does not split them again.
    private static let mergedBytesMax = PageArena.pageSizeBytes * 7 / 8

    /// Merges the page at `depth` of the last descent with a neighbour if it is sparse, and so on
    /// upwards; a root with a single child is replaced by it.
    func mergeIfSparse(depth: Int) {
        var depth = depth
        while depth > 0, page(path.page(depth)).usedBytes < Self.sparseBytes {
            let parent = page(path.page(depth - 1))
            let index = path.index(depth - 1)
            guard
                index + 1 < parent.count && merge(parent, index)
                    || index > 0 && merge(parent, index - 1)
            else { break }
            depth -= 1
        }
        shrinkRoot()
    }

    private func shrinkRoot() {
        while !page(root).isLeaf, page(root).count == 1 {
            let old = root
            root = child(page(old), 0)
            pages.free(old)
        }
    }

    /// Merges the children `index` and `index + 1` if they fit in one page.
    private func merge(_ parent: IndexPage, _ index: Int) -> Bool {
        let leftID = child(parent, index)
        let rightID = child(parent, index + 1)
        let left = page(leftID)
        let right = page(rightID)
        guard
            left.usedBytes + right.usedBytes < Self.mergedBytesMax + PageArena.pageSizeBytes / 4,
            IndexPage.mergedBytes(left, right) <= Self.mergedBytesMax, hasCapacityToMerge
        else { return false }
        let oldLeft = copy(left, to: scratch.leftPage)
        let oldRight = copy(right, to: scratch.rightPage)
        left.format(
            level: oldLeft.level, lower: oldLeft.lowerFence, upper: oldRight.upperFence,
            chunks: &chunks)
        move(oldLeft, 0..<oldLeft.count, to: left)
        moveRight(oldRight, to: left)
        oldLeft.releaseFences(&chunks)
        oldRight.releaseFences(&chunks)
        pages.free(rightID)
        if left.isLeaf { unlinkLeaf(oldLeft.previousLeaf, leftID, oldRight.nextLeaf) }
        removeChild(parent, index + 1)
        left.summary.store(to: parent.payload(index))
        return true
    }

    private func unlinkLeaf(_ previous: UInt32, _ id: UInt32, _ next: UInt32) {
        page(id).previousLeaf = previous
        page(id).nextLeaf = next
        if next != 0 { page(next).previousLeaf = id }
    }

    private func removeChild(_ parent: IndexPage, _ index: Int) {
        let chunk = parent.longKeyChunk(index)
        if chunk != 0 { chunks.free(chunk) }
        parent.remove(at: index)
    }

    /// Appends the right page's entries; its keyless first entry gets its lower fence as key.
    private func moveRight(_ right: IndexPage, to merged: IndexPage) {
        guard !merged.isLeaf, right.count > 0, merged.count > 0 else {
            move(right, 0..<right.count, to: merged)
            return
        }
        let fence = right.lowerFence
        let chunk = fence.count > IndexPage.inlineKeyMax ? chunks.store(longKey: fence) : 0
        let payload = merged.insert(fence, chunk: chunk, at: merged.count)
        payload.copyMemory(from: right.payload(0), byteCount: right.payloadSizeBytes)
        move(right, 1..<right.count, to: merged)
    }
}
