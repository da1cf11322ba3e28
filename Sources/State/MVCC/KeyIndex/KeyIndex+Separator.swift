/// Choosing where a full page is divided, and the key that divides.
extension KeyIndex {
    /// Chooses the first entry that goes to the right page, and `scratch.separator` with it.
    ///
    /// A leaf growing at its upper end first gets a closer upper fence if that saves enough of
    /// each key to go on in the same page: the new right page is then empty for the time being.
    func chooseDivision(
        _ page: IndexPage, _ insertionIndex: Int, _ newKey: UnsafeRawBufferPointer
    ) -> Int {
        if insertionIndex == page.count {
            if page.isLeaf, chooseCloserFence(page, newKey) { return page.count }
            let position = page.isLeaf ? page.count : page.count - 1
            chooseSeparator(page, position, newKey)
            if fits(page, below: true) { return position }
        } else if insertionIndex == 0 {
            chooseSeparator(page, 0, newKey)
            if fits(page, below: false) { return 0 }
        }
        let position = middleIndex(page)
        chooseSeparator(page, position, newKey)
        return position
    }

    /// Whether all entries fit in one page on one side of the separator.
    private func fits(_ page: IndexPage, below: Bool) -> Bool {
        scratch.separator.withUnsafeBytes { separator in
            let used = below
                ? page.usedBytes(between: page.lowerFence, separator)
                : page.usedBytes(between: separator, page.upperFence)
            return used <= PageArena.pageSizeBytes
        }
    }

    /// Chooses as separator the lowest key above all that share the new key's prefix with the
    /// lower fence; false if that would not leave room for a good number of further keys.
    private func chooseCloserFence(_ page: IndexPage, _ newKey: UnsafeRawBufferPointer) -> Bool {
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
}
