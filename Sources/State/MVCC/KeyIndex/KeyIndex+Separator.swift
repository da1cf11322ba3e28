/// Choosing the position at which a full page is split, and the separator key.
extension KeyIndex {
    /// Consecutive insertions, each directly after the previous one, that make a leaf's growth
    /// ordered.
    private static let orderedRun = 4

    /// Chooses the first entry of the right page, and `scratch.separator` with it.
    ///
    /// A leaf growing at an end first gets a closer fence there if that saves enough of each key to
    /// continue in the same page: the other page is then empty for the time being. A leaf growing
    /// in order at an inner position is split there, so that the growth continues at an end.
    func chooseSplitPosition(
        _ page: IndexPage, _ insertionIndex: Int, _ newKey: UnsafeRawBufferPointer
    ) -> Int {
        if insertionIndex == page.count {
            if page.isLeaf, chooseCloserUpperFence(page, newKey) { return page.count }
            let position = page.isLeaf ? page.count : page.count - 1
            chooseSeparator(page, position, newKey)
            if fits(page, below: true) { return position }
        } else if insertionIndex == 0 {
            if chooseCloserLowerFence(page, newKey) { return 0 }
            chooseSeparator(page, 0, newKey)
            if fits(page, below: false) { return 0 }
        } else if page.isLeaf, insertionIndex == page.lastInsertion + 1,
            page.ascendingRun >= Self.orderedRun
        {
            chooseSeparatorAbove(newKey, page, insertionIndex)
            if fits(page, below: true), fits(page, below: false) { return insertionIndex }
        }
        let position = middleIndex(page)
        chooseSeparator(page, position, newKey)
        return position
    }

    /// Whether all entries fit in one page on one side of the separator.
    private func fits(_ page: IndexPage, below: Bool) -> Bool {
        scratch.separator.withUnsafeBytes { separator in
            let used =
                below
                ? page.usedBytes(between: page.lowerFence, separator)
                : page.usedBytes(between: separator, page.upperFence)
            return used <= PageArena.pageSizeBytes
        }
    }

    /// Chooses as separator the lowest key above all that share the new key's prefix with the lower
    /// fence; false if that would not leave space for enough further keys.
    private func chooseCloserUpperFence(_ page: IndexPage, _ newKey: UnsafeRawBufferPointer) -> Bool
    {
        var length = commonPrefixLength(page.lowerFence, newKey)
        while length > 0, newKey[length - 1] == 0xFF { length -= 1 }
        guard length - 1 > page.prefixLength + 1 else { return false }
        copySeparator(newKey.prefix(length))
        scratch.separator[length - 1] += 1
        let used = scratch.separator.withUnsafeBytes {
            page.usedBytes(between: page.lowerFence, $0)
        }
        return used + newKey.count <= PageArena.pageSizeBytes * 7 / 8
    }

    /// Chooses as separator the prefix that the new key shares with the upper fence, so that all
    /// keys from there on share it; false if that would not leave space for more of them.
    private func chooseCloserLowerFence(
        _ page: IndexPage, _ newKey: UnsafeRawBufferPointer
    ) -> Bool {
        guard let upper = page.upperFence else { return false }
        let length = commonPrefixLength(newKey, upper)
        guard length > page.prefixLength + 1 else { return false }
        copySeparator(newKey.prefix(length))
        let used = scratch.separator.withUnsafeBytes { page.usedBytes(between: $0, upper) }
        return used + newKey.count <= PageArena.pageSizeBytes * 7 / 8
    }

    /// Chooses the shortest separator between the new key and the entry that follows it.
    private func chooseSeparatorAbove(
        _ newKey: UnsafeRawBufferPointer, _ page: IndexPage, _ index: Int
    ) {
        page.copyPrefix(to: scratch.keyBuffer)
        let right = page.key(index, buffer: scratch.keyBuffer)
        copySeparator(right.prefix(commonPrefixLength(newKey, right) + 1))
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

    /// Stores the lowest key of the right page's range in `scratch.separator`: for a leaf the
    /// shortest separating one, for an inner page the key of the entry at `position`.
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
        let right =
            position == page.count
            ? newKey : page.key(position, buffer: scratch.otherKeyBuffer)
        copySeparator(right.prefix(commonPrefixLength(left, right) + 1))
    }

    private func copySeparator(_ bytes: Slice<UnsafeRawBufferPointer>) {
        scratch.separator.removeAll(keepingCapacity: true)
        scratch.separator.append(contentsOf: bytes)
    }
}
