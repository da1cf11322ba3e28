/// Capacity checks before anything is changed.
extension KeyIndex {
    /// Pages that one insertion may take: each level split a few times, and a new root.
    private static let pagesPerInsertion = 64
    /// Copies of long keys that a page split may take: two fences for each half, and the separator
    /// above them.
    private static let longKeysPerSplit = 5

    /// Throws unless there is capacity for a new key, whatever is split for it.
    func requireCapacity(forNew key: UnsafeRawBufferPointer) throws(KeyIndexError) {
        guard pages.hasCapacity(pages: Self.pagesPerInsertion) else {
            throw pages.shortage
        }
        longestKey = max(longestKey, key.count)
        guard longestKey > IndexPage.inlineKeyMax else { return }
        let splits = 2 * (page(root).level + 2)
        guard hasCapacity(longKeys: 1 + splits * Self.longKeysPerSplit) else {
            throw chunks.shortage
        }
    }

    /// Whether two pages can be merged: their fences and a separator are copied first.
    var hasCapacityToMerge: Bool { hasCapacity(longKeys: 3) }

    /// Whether there is capacity for `longKeys` copies of keys as long as the longest.
    private func hasCapacity(longKeys count: Int) -> Bool {
        guard longestKey > IndexPage.inlineKeyMax else { return true }
        return chunks.hasCapacity(
            units: ChunkArena.unitsTaken(by: count, payloadBytes: longestKey))
    }
}
