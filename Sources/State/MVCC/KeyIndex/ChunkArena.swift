/// Chunks of 32, 64, 96, 128, 160, 192, 224, 256, 320, ... bytes in one reservation, four sizes to
/// each doubling, addressed by 32-bit ids; 0 is no chunk.
///
/// A buddy allocator of blocks: a free block of a power of two of units is split for a smaller one
/// and merged with its free buddy, so that space freed in one size serves the others. A chunk of
/// such a size is a block; the sizes between lie in slabs (see `ChunkArena+Slabs`). Each chunk
/// starts with 8 bytes of header: a count for its user, its size class and whether it is in use. A
/// free block stores the links of its free list after them. Large free blocks return their memory
/// to the system.
///
/// Invariant: from unit 1 to the frontier every aligned block is in use, free or split.
struct ChunkArena {
    /// Bytes of the smallest chunk; ids count in this unit.
    static let unitBytes = 32
    /// Bytes of a chunk's header.
    static let headerBytes = 8
    /// The largest order of a block: 64 GiB.
    private static let orderMax = 31
    /// Free blocks from this order on (64 KiB) return their memory.
    static let discardOrder = 11
    private static let classOffset = 4
    private static let usedOffset = 5
    private static let nextOffset = 8
    private static let previousOffset = 12

    let memory: ReservedMemory
    private let unitsMax: Int
    private var frontier: UInt32 = 1
    /// The first free block of each order; 0 for none.
    private var freeHeads: [UInt32]
    /// The first slab with a free chunk of each size class; 0 for none.
    var slabHeads: [UInt32]
    /// Bytes in allocated chunks.
    private(set) var usedBytes = 0
    /// Bytes in blocks that are chunks or slabs.
    private(set) var takenBytes = 0

    /// Start of unit 0.
    var base: UnsafeMutableRawPointer { memory.base }
    /// Bytes of the reservation.
    var reservedBytes: Int { unitsMax * Self.unitBytes }

    /// Makes an arena of `reservedBytes`, or of less where the system limits it.
    init(reservedBytes: Int) throws(KeyIndexError) {
        memory = try ReservedMemory(sizeBytes: reservedBytes)
        unitsMax = min(memory.sizeBytes / Self.unitBytes, Int(UInt32.max))
        freeHeads = [UInt32](repeating: 0, count: Self.orderMax + 1)
        slabHeads = [UInt32](repeating: 0, count: 4 * (Self.orderMax + 1))
        memory.base.storeBytes(of: 1, toByteOffset: Self.usedOffset, as: UInt8.self)
    }

    /// Whether a block of an order can be allocated.
    func hasCapacity(order: Int) -> Bool {
        let mask = 1 << order - 1
        let end = (Int(frontier) + mask) & ~mask + 1 << order
        return isUsable(units: end) || freeHeads.dropFirst(order).contains { $0 != 0 }
    }

    /// Whether the units before `end` may be used.
    @inline(__always)
    private func isUsable(units end: Int) -> Bool {
        end <= unitsMax && memory.makeUsable(end * Self.unitBytes)
    }

    /// Bytes of chunks that there may be: the reservation, or what the system has given when it
    /// refuses more.
    var bytesMax: Int { memory.isStarved ? memory.usableBytes : reservedBytes }

    /// Why no more chunks can be allocated.
    var shortage: KeyIndexError { memory.shortage(of: reservedBytes) }

    /// Whether blocks of `units` units in total can be allocated, whatever their orders.
    func hasCapacity(units: Int) -> Bool {
        // At the frontier alignment may skip as much again; a free block as large as all of them
        // together has space for each.
        if isUsable(units: Int(frontier) + 2 * units) { return true }
        return hasCapacity(order: units <= 1 ? 0 : Int.bitWidth - (units - 1).leadingZeroBitCount)
    }

    /// The size class of a chunk in use.
    func sizeClass(of chunk: UInt32) -> Int {
        Int(pointer(chunk).load(fromByteOffset: Self.classOffset, as: UInt8.self))
    }

    /// Allocates a chunk; its count is 0, its payload is unspecified.
    ///
    /// The caller has checked `hasCapacity`.
    mutating func allocate(sizeClass: Int) -> UInt32 {
        usedBytes += Self.sizeBytes(ofClass: sizeClass)
        let isBlock = Self.isBlock(sizeClass)
        let chunk =
            isBlock
            ? allocateBlock(order: sizeClass >> 2) : allocateInSlab(sizeClass: sizeClass)
        setHeader(chunk, sizeClass: sizeClass, isUsed: true)
        return chunk
    }

    /// Frees a chunk.
    mutating func free(_ chunk: UInt32) {
        assert(chunk != 0 && isUsed(chunk), "only chunks in use are freed")
        let sizeClass = sizeClass(of: chunk)
        usedBytes -= Self.sizeBytes(ofClass: sizeClass)
        if Self.isBlock(sizeClass) {
            freeBlock(chunk, order: sizeClass >> 2)
        } else {
            freeInSlab(chunk, sizeClass: sizeClass)
        }
    }

    /// Allocates a block; its header is unspecified.
    mutating func allocateBlock(order: Int) -> UInt32 {
        takenBytes += Self.unitBytes << order
        var available = order
        while available <= Self.orderMax, freeHeads[available] == 0 { available += 1 }
        guard available <= Self.orderMax else { return extend(order: order) }
        let block = freeHeads[available]
        unlink(block, order: available)
        while available > order {
            available -= 1
            link(block + UInt32(1) << UInt32(available), order: available)
        }
        return block
    }

    /// Frees a block.
    mutating func freeBlock(_ block: UInt32, order: Int) {
        takenBytes -= Self.unitBytes << order
        var merged = block
        var mergedOrder = order
        while mergedOrder < Self.orderMax {
            let buddy = merged ^ UInt32(1) << UInt32(mergedOrder)
            guard buddy < frontier, !isUsed(buddy), sizeClass(of: buddy) == 4 * mergedOrder else {
                break
            }
            unlink(buddy, order: mergedOrder)
            merged = min(merged, buddy)
            mergedOrder += 1
        }
        link(merged, order: mergedOrder)
        if mergedOrder >= Self.discardOrder {
            discard(freed: block, order: order, inside: merged)
        }
    }
}

extension ChunkArena {
    func pointer(_ chunk: UInt32) -> UnsafeMutableRawPointer {
        assert(chunk < frontier, "a chunk lies below the frontier")
        return memory.base + Int(chunk) * Self.unitBytes
    }

    private func isUsed(_ chunk: UInt32) -> Bool {
        pointer(chunk).load(fromByteOffset: Self.usedOffset, as: UInt8.self) != 0
    }

    func setHeader(_ chunk: UInt32, sizeClass: Int, isUsed: Bool) {
        let header = pointer(chunk)
        header.storeBytes(of: 0, as: UInt32.self)
        header.storeBytes(of: UInt8(sizeClass), toByteOffset: Self.classOffset, as: UInt8.self)
        header.storeBytes(of: isUsed ? 1 : 0, toByteOffset: Self.usedOffset, as: UInt8.self)
    }

    private mutating func link(_ chunk: UInt32, order: Int) {
        setHeader(chunk, sizeClass: 4 * order, isUsed: false)
        let next = freeHeads[order]
        pointer(chunk).storeBytes(of: next, toByteOffset: Self.nextOffset, as: UInt32.self)
        pointer(chunk).storeBytes(of: 0, toByteOffset: Self.previousOffset, as: UInt32.self)
        if next != 0 {
            pointer(next).storeBytes(of: chunk, toByteOffset: Self.previousOffset, as: UInt32.self)
        }
        freeHeads[order] = chunk
    }

    private mutating func unlink(_ chunk: UInt32, order: Int) {
        let next = pointer(chunk).load(fromByteOffset: Self.nextOffset, as: UInt32.self)
        let previous = pointer(chunk).load(fromByteOffset: Self.previousOffset, as: UInt32.self)
        if next != 0 {
            pointer(next).storeBytes(
                of: previous, toByteOffset: Self.previousOffset, as: UInt32.self)
        }
        if previous != 0 {
            pointer(previous).storeBytes(of: next, toByteOffset: Self.nextOffset, as: UInt32.self)
        } else {
            freeHeads[order] = next
        }
    }

    /// Takes an aligned block at the frontier; the gap before it becomes free blocks.
    private mutating func extend(order: Int) -> UInt32 {
        while frontier.trailingZeroBitCount < order {
            let gapOrder = frontier.trailingZeroBitCount
            let gap = take(order: gapOrder)
            link(gap, order: gapOrder)
        }
        return take(order: order)
    }

    private mutating func take(order: Int) -> UInt32 {
        precondition(
            (Int(frontier) + 1 << order) * Self.unitBytes <= memory.usableBytes,
            "capacity is checked before allocation")
        defer { frontier += UInt32(1) << UInt32(order) }
        return frontier
    }

    /// Returns the memory of a freed block to the system, except for the page of the merged free
    /// block's header.
    private func discard(freed: UInt32, order: Int, inside merged: UInt32) {
        let blockOrder = max(order, Self.discardOrder)
        let block = freed & ~(UInt32(1) << UInt32(blockOrder) - 1)
        let granule = ReservedMemory.granuleBytes
        let skipped = block == merged ? granule : 0
        memory.discard(
            offset: Int(block) * Self.unitBytes + skipped,
            sizeBytes: (Self.unitBytes << blockOrder) - skipped)
    }
}
