/// Chunks of 32, 64, 96, 128, 160, 192, 224, 256, 320, ... bytes in one reservation, four sizes to
/// each doubling, addressed by 32-bit ids; 0 is no chunk.
///
/// A buddy allocator of blocks: a free block of a power of two of units is split for a smaller one
/// and joined with its free buddy, so that space freed in one size serves the others. A chunk of
/// such a size is a block; the sizes between lie in slabs (see `ChunkArena+Slabs`). Each chunk
/// starts with 8 bytes of header: a count for its user, its size class and whether it is in use; a
/// free block links its list after them. Large free blocks give their memory back to the system.
///
/// Invariant: from unit 1 to the frontier every aligned block is in use or free or divided.
struct ChunkArena {
    /// Bytes of the smallest chunk; ids count in this unit.
    static let unitBytes = 32
    /// Bytes of a chunk that are not its user's.
    static let headerBytes = 8
    /// The largest order of a block: 64 GiB.
    private static let orderMax = 31
    /// Free blocks from this order on (64 KiB) give memory back.
    static let discardOrder = 11
    private static let classOffset = 4
    private static let usedOffset = 5
    private static let nextOffset = 8
    private static let previousOffset = 12

    let memory: ReservedMemory
    private let unitLimit: Int
    private var frontier: UInt32 = 1
    /// The first free block of each order; 0 for none.
    private var freeHeads: [UInt32]
    /// The first slab with a free chunk of each size class; 0 for none.
    var slabHeads: [UInt32]
    /// Bytes in chunks handed out.
    private(set) var usedBytes = 0
    /// Bytes in blocks that are chunks or slabs.
    private(set) var takenBytes = 0

    /// Start of unit 0.
    var base: UnsafeMutableRawPointer { memory.base }
    /// Bytes that the reservation is for.
    var reservedBytes: Int { unitLimit * Self.unitBytes }

    /// Makes an arena of up to `reservedBytes`, or of less where the system limits it.
    init(reservedBytes: Int) throws(KeyIndexError) {
        memory = try ReservedMemory(sizeBytes: reservedBytes)
        unitLimit = min(memory.sizeBytes / Self.unitBytes, Int(UInt32.max))
        freeHeads = [UInt32](repeating: 0, count: Self.orderMax + 1)
        slabHeads = [UInt32](repeating: 0, count: 4 * (Self.orderMax + 1))
        memory.base.storeBytes(of: 1, toByteOffset: Self.usedOffset, as: UInt8.self)
    }

    /// Whether a block of an order can be handed out.
    func hasRoom(order: Int) -> Bool {
        let mask = 1 << order - 1
        return (Int(frontier) + mask) & ~mask + 1 << order <= unitLimit
            || freeHeads.dropFirst(order).contains { $0 != 0 }
    }

    /// Whether blocks of so many units together can be handed out, whatever their orders.
    func hasRoom(units: Int) -> Bool {
        // At the frontier aligning may skip as much again; in a free block as large as all of
        // them together each finds its place.
        if Int(frontier) + 2 * units <= unitLimit { return true }
        return hasRoom(order: units <= 1 ? 0 : Int.bitWidth - (units - 1).leadingZeroBitCount)
    }

    /// The size class of a chunk in use.
    func sizeClass(of chunk: UInt32) -> Int {
        Int(pointer(chunk).load(fromByteOffset: Self.classOffset, as: UInt8.self))
    }

    /// Hands out a chunk; its count is 0, its payload is unspecified.
    ///
    /// There is room for it: `hasRoom` was asked.
    mutating func allocate(sizeClass: Int) -> UInt32 {
        usedBytes += Self.sizeBytes(ofClass: sizeClass)
        let isBlock = Self.isBlock(sizeClass)
        let chunk =
            isBlock
            ? allocateBlock(order: sizeClass >> 2) : allocateInSlab(sizeClass: sizeClass)
        setHeader(chunk, sizeClass: sizeClass, isUsed: true)
        return chunk
    }

    /// Takes a chunk back.
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

    /// Hands out a block; its header is unspecified.
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

    /// Takes a block back.
    mutating func freeBlock(_ block: UInt32, order: Int) {
        takenBytes -= Self.unitBytes << order
        var joined = block
        var joinedOrder = order
        while joinedOrder < Self.orderMax {
            let buddy = joined ^ UInt32(1) << UInt32(joinedOrder)
            guard buddy < frontier, !isUsed(buddy), sizeClass(of: buddy) == 4 * joinedOrder else {
                break
            }
            unlink(buddy, order: joinedOrder)
            joined = min(joined, buddy)
            joinedOrder += 1
        }
        link(joined, order: joinedOrder)
        if joinedOrder >= Self.discardOrder {
            discard(freed: block, order: order, inside: joined)
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
            Int(frontier) + 1 << order <= unitLimit, "room is made sure of before it is taken")
        defer { frontier += UInt32(1) << UInt32(order) }
        return frontier
    }

    /// Gives back the memory of what was just freed, but for the page of the free block's header.
    private func discard(freed: UInt32, order: Int, inside joined: UInt32) {
        let blockOrder = max(order, Self.discardOrder)
        let block = freed & ~(UInt32(1) << UInt32(blockOrder) - 1)
        let granule = ReservedMemory.granuleBytes
        let skipped = block == joined ? granule : 0
        memory.discard(
            offset: Int(block) * Self.unitBytes + skipped,
            sizeBytes: (Self.unitBytes << blockOrder) - skipped)
    }
}
