/// 4 KB pages of one reservation, addressed by 32-bit ids; 0 is invalid.
///
/// Freed pages are reused, those still backed by memory first. When many backed pages are free,
/// their memory is returned to the system, in runs.
struct PageArena {
    /// Bytes of a page.
    static let pageSizeBytes = 4096
    /// Free pages kept backed by memory whatever the load.
    private static let backedFreeMin = 256

    private let memory: ReservedMemory
    private let pagesMax: Int
    private var frontier: UInt32 = 1
    /// Free pages backed by memory.
    private var backedFree: [UInt32] = []
    /// Free pages whose memory was returned to the system.
    private var discardedFree: [UInt32] = []

    /// Start of page 0.
    var base: UnsafeMutableRawPointer { memory.base }
    /// Pages allocated and not freed.
    var usedCount: Int { Int(frontier) - 1 - backedFree.count - discardedFree.count }
    /// Pages backed by memory, used or free.
    var backedCount: Int { Int(frontier) - 1 - discardedFree.count }

    /// Bytes of pages in the reservation.
    var reservedBytes: Int { pagesMax * Self.pageSizeBytes }

    /// Makes an arena of `reservedBytes`, or of less where the system limits it.
    init(reservedBytes: Int) throws(KeyIndexError) {
        memory = try ReservedMemory(sizeBytes: reservedBytes)
        pagesMax = min(memory.sizeBytes / Self.pageSizeBytes, Int(UInt32.max))
    }

    /// Whether so many pages can be allocated.
    @inline(__always)
    func hasCapacity(pages: Int) -> Bool {
        let end = Int(frontier) + pages
        return end * Self.pageSizeBytes <= memory.ampleBytes || hasCapacity(through: end)
    }

    /// Whether the pages from the frontier up to `end`, less those that are free, can be used.
    @inline(never)
    private func hasCapacity(through end: Int) -> Bool {
        let last = max(end - backedFree.count - discardedFree.count, Int(frontier))
        return end <= pagesMax && memory.makeUsable(end * Self.pageSizeBytes)
            || last <= pagesMax && memory.makeUsable(last * Self.pageSizeBytes)
    }

    /// Bytes of pages that there may be: the reservation, or what the system has given when it
    /// refuses more.
    var bytesMax: Int { memory.isStarved ? memory.usableBytes : reservedBytes }

    /// Why no more pages can be allocated.
    var shortage: KeyIndexError { memory.shortage(of: reservedBytes) }

    /// Allocates a page of unspecified content.
    mutating func allocate() -> UInt32 {
        if let page = backedFree.popLast() { return page }
        if let page = discardedFree.popLast() { return page }
        precondition(
            (Int(frontier) + 1) * Self.pageSizeBytes <= memory.usableBytes,
            "capacity is checked before allocation")
        defer { frontier += 1 }
        return frontier
    }

    /// Frees a page.
    mutating func free(_ page: UInt32) {
        assert(page != 0 && page < frontier, "only allocated pages are freed")
        backedFree.append(page)
        if backedFree.count > Self.backedFreeMin + usedCount / 8 { discardFree() }
    }

    private mutating func discardFree() {
        backedFree.sort(by: >)
        var index = 0
        while index < backedFree.count {
            var end = index + 1
            while end < backedFree.count, backedFree[end] == backedFree[end - 1] - 1 { end += 1 }
            let first = Int(backedFree[end - 1])
            memory.discard(
                offset: first * Self.pageSizeBytes,
                sizeBytes: (end - index) * Self.pageSizeBytes)
            index = end
        }
        discardedFree.append(contentsOf: backedFree)
        backedFree.removeAll(keepingCapacity: true)
    }
}
