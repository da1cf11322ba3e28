/// Size classes: class 4n + q is 2^n units and q quarters of that.
extension ChunkArena {
    /// Sizes between two powers of two exist up to this order (256 KiB), since a slab takes about
    /// ten times the space of one chunk.
    private static let quarteredOrderMax = 13
    /// A slab is 64 quarters of its chunks' order.
    private static let slabQuarters = 64

    /// Units of a chunk of a size class.
    @inline(__always)
    static func units(ofClass sizeClass: Int) -> Int {
        ((4 + sizeClass & 3) << (sizeClass >> 2)) >> 2
    }

    /// Bytes of a chunk of a size class, header included.
    static func sizeBytes(ofClass sizeClass: Int) -> Int { unitBytes * units(ofClass: sizeClass) }

    /// Whether chunks of a size class are blocks of their own, not parts of a slab.
    @inline(__always)
    static func isBlock(_ sizeClass: Int) -> Bool { sizeClass & 3 == 0 }

    /// Order of the block that a chunk of a size class, or a slab of such chunks, takes.
    @inline(__always)
    static func blockOrder(ofClass sizeClass: Int) -> Int {
        isBlock(sizeClass) ? sizeClass >> 2 : sizeClass >> 2 + 4
    }

    /// Chunks of a size class in a slab: 12, 10 or 9.
    static func chunksPerSlab(_ sizeClass: Int) -> Int { slabQuarters / (4 + sizeClass & 3) }

    /// The smallest size class that holds `payloadBytes` after the header.
    static func sizeClass(forPayload payloadBytes: Int) -> Int {
        let units = (payloadBytes + headerBytes + unitBytes - 1) / unitBytes
        guard units > 1 else { return 0 }
        let order = Int.bitWidth - 1 - units.leadingZeroBitCount
        let whole = 1 << order
        let quarters = ((units - whole) * 4 + whole - 1) >> order
        return 4 * order + (order > quarteredOrderMax ? (quarters + 3) & ~3 : quarters)
    }

    /// The smallest size class of a block that holds `payloadBytes`, for data that grows.
    static func blockClass(forPayload payloadBytes: Int) -> Int {
        (sizeClass(forPayload: payloadBytes) + 3) & ~3
    }

    /// Upper bound of the free units that `count` chunks take, none with a larger payload. Chunks
    /// between two powers of two take no more in slabs than as blocks, except for one partly used
    /// slab of each size.
    static func unitsTaken(by count: Int, payloadBytes: Int) -> Int {
        let blocksPerSlab = slabQuarters / 8
        let partialSlabs = 3 * 2
        return (count + partialSlabs * blocksPerSlab)
            << (blockClass(forPayload: payloadBytes) >> 2)
    }
}
