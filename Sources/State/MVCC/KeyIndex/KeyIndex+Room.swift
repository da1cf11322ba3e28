/// Making sure of room before anything is changed.
extension KeyIndex {
    /// Pages that one insertion may take: each level divided a few times, and a new root.
    private static let pagesPerInsertion = 64
    /// Copies of long keys that the division of a page may take: two fences for each half, and
    /// the separator above them.
    private static let longKeysPerDivision = 5

    /// Throws unless there is room for a new key, whatever is divided for it.
    func requireRoom(forNew key: UnsafeRawBufferPointer) throws(KeyIndexError) {
        guard pages.hasRoom(pages: Self.pagesPerInsertion) else {
            throw .full(reservedBytes: pages.reservedBytes)
        }
        longestKey = max(longestKey, key.count)
        guard longestKey > IndexPage.inlineKeyMax else { return }
        let divisions = 2 * (page(root).level + 2)
        guard hasRoom(longKeys: 1 + divisions * Self.longKeysPerDivision) else {
            throw .full(reservedBytes: chunks.reservedBytes)
        }
    }

    /// Whether two pages can be joined: their fences and a separator are copied first.
    var hasRoomToMerge: Bool { hasRoom(longKeys: 3) }

    /// Whether there is room for copies of keys, each as long as the longest.
    private func hasRoom(longKeys count: Int) -> Bool {
        guard longestKey > IndexPage.inlineKeyMax else { return true }
        return chunks.hasRoom(
            units: ChunkArena.unitsTaken(by: count, payloadBytes: longestKey))
    }
}
