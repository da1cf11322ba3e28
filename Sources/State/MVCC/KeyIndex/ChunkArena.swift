/// Chunks of 32, 64, 128, ... bytes in one reservation, addressed by 32-bit ids; 0 is no chunk.
///
/// A buddy allocator: a free chunk is split for a smaller one and joined with its free buddy, so
/// that space freed in one size serves the others. Each chunk starts with 8 bytes of header: a
/// count for its user, its size class and whether it is in use; a free chunk links its list
/// after them. Large free chunks give their memory back to the system.
///
/// Invariant: from unit 1 to the frontier every aligned block is a chunk or divided into chunks.
struct ChunkArena {
    /// Bytes of the smallest chunk; ids count in this unit.
    static let unitBytes = 32
    /// Bytes of a chunk that are not its user's.
    static let headerBytes = 8
    /// The largest size class: 2 GB.
    private static let classMax = 26
    /// Free chunks from this size class on (64 KB) give memory back.
    private static let discardClass = 11
    private static let classOffset = 4
    private static let usedOffset = 5
    private static let nextOffset = 8
    private static let previousOffset = 12

    private let memory: ReservedMemory
    private let unitLimit: Int
    private var frontier: UInt32 = 1
    private var freeHeads: [UInt32]
    /// Bytes in chunks handed out.
    private(set) var usedBytes = 0

    /// Start of unit 0.
    var base: UnsafeMutableRawPointer { memory.base }

    /// Makes an arena of up to `reservedBytes`.
    init(reservedBytes: Int) {
        memory = ReservedMemory(sizeBytes: reservedBytes)
        unitLimit = min(memory.sizeBytes / Self.unitBytes, Int(UInt32.max))
        freeHeads = [UInt32](repeating: 0, count: Self.classMax + 1)
        memory.base.storeBytes(of: 1, toByteOffset: Self.usedOffset, as: UInt8.self)
    }

    /// Bytes of a chunk of a size class, header included.
    static func sizeBytes(ofClass sizeClass: Int) -> Int { unitBytes << sizeClass }

    /// The smallest size class that holds `payloadBytes` after the header.
    static func sizeClass(forPayload payloadBytes: Int) -> Int {
        let units = (payloadBytes + headerBytes + unitBytes - 1) / unitBytes
        let sizeClass = units <= 1 ? 0 : Int.bitWidth - (units - 1).leadingZeroBitCount
        precondition(sizeClass <= classMax, "a chunk is at most 2 GB")
        return sizeClass
    }

    /// The size class of a chunk in use.
    func sizeClass(of chunk: UInt32) -> Int {
        Int(pointer(chunk).load(fromByteOffset: Self.classOffset, as: UInt8.self))
    }

    /// Hands out a chunk; its count is 0, its payload is unspecified.
    mutating func allocate(sizeClass: Int) -> UInt32 {
        var available = sizeClass
        while available <= Self.classMax, freeHeads[available] == 0 { available += 1 }
        let chunk: UInt32
        if available <= Self.classMax {
            chunk = freeHeads[available]
            unlink(chunk, sizeClass: available)
            while available > sizeClass {
                available -= 1
                link(chunk + UInt32(1) << UInt32(available), sizeClass: available)
            }
        } else {
            chunk = extend(sizeClass: sizeClass)
        }
        setHeader(chunk, sizeClass: sizeClass, isUsed: true)
        usedBytes += Self.sizeBytes(ofClass: sizeClass)
        return chunk
    }

    /// Takes a chunk back.
    mutating func free(_ chunk: UInt32) {
        assert(chunk != 0 && isUsed(chunk), "only chunks in use are freed")
        let freedClass = sizeClass(of: chunk)
        usedBytes -= Self.sizeBytes(ofClass: freedClass)
        var joined = chunk
        var joinedClass = freedClass
        while joinedClass < Self.classMax {
            let buddy = joined ^ UInt32(1) << UInt32(joinedClass)
            guard buddy < frontier, !isUsed(buddy), sizeClass(of: buddy) == joinedClass else {
                break
            }
            unlink(buddy, sizeClass: joinedClass)
            joined = min(joined, buddy)
            joinedClass += 1
        }
        link(joined, sizeClass: joinedClass)
        if joinedClass >= Self.discardClass {
            discard(freed: chunk, freedClass: freedClass, inside: joined)
        }
    }
}

extension ChunkArena {
    private func pointer(_ chunk: UInt32) -> UnsafeMutableRawPointer {
        assert(chunk < frontier, "a chunk lies below the frontier")
        return memory.base + Int(chunk) * Self.unitBytes
    }

    private func isUsed(_ chunk: UInt32) -> Bool {
        pointer(chunk).load(fromByteOffset: Self.usedOffset, as: UInt8.self) != 0
    }

    private func setHeader(_ chunk: UInt32, sizeClass: Int, isUsed: Bool) {
        let header = pointer(chunk)
        header.storeBytes(of: 0, as: UInt32.self)
        header.storeBytes(of: UInt8(sizeClass), toByteOffset: Self.classOffset, as: UInt8.self)
        header.storeBytes(of: isUsed ? 1 : 0, toByteOffset: Self.usedOffset, as: UInt8.self)
    }

    private mutating func link(_ chunk: UInt32, sizeClass: Int) {
        setHeader(chunk, sizeClass: sizeClass, isUsed: false)
        let next = freeHeads[sizeClass]
        pointer(chunk).storeBytes(of: next, toByteOffset: Self.nextOffset, as: UInt32.self)
        pointer(chunk).storeBytes(of: 0, toByteOffset: Self.previousOffset, as: UInt32.self)
        if next != 0 {
            pointer(next).storeBytes(of: chunk, toByteOffset: Self.previousOffset, as: UInt32.self)
        }
        freeHeads[sizeClass] = chunk
    }

    private mutating func unlink(_ chunk: UInt32, sizeClass: Int) {
        let next = pointer(chunk).load(fromByteOffset: Self.nextOffset, as: UInt32.self)
        let previous = pointer(chunk).load(fromByteOffset: Self.previousOffset, as: UInt32.self)
        if next != 0 {
            pointer(next).storeBytes(
                of: previous, toByteOffset: Self.previousOffset, as: UInt32.self)
        }
        if previous != 0 {
            pointer(previous).storeBytes(of: next, toByteOffset: Self.nextOffset, as: UInt32.self)
        } else {
            freeHeads[sizeClass] = next
        }
    }

    /// Takes an aligned chunk at the frontier; the gap before it becomes free chunks.
    private mutating func extend(sizeClass: Int) -> UInt32 {
        let units = UInt32(1) << UInt32(sizeClass)
        while frontier & (units - 1) != 0 {
            let gapClass = frontier.trailingZeroBitCount
            let gap = take(units: UInt32(1) << UInt32(gapClass))
            link(gap, sizeClass: gapClass)
        }
        return take(units: units)
    }

    private mutating func take(units: UInt32) -> UInt32 {
        precondition(
            Int(frontier) + Int(units) <= unitLimit, "the key index fits in its reservation")
        defer { frontier += units }
        return frontier
    }

    /// Gives back the memory of what was just freed, but for the page of the free chunk's header.
    private func discard(freed: UInt32, freedClass: Int, inside joined: UInt32) {
        let blockClass = max(freedClass, Self.discardClass)
        let block = freed & ~(UInt32(1) << UInt32(blockClass) - 1)
        let granule = ReservedMemory.granuleBytes
        let skipped = block == joined ? granule : 0
        memory.discard(
            offset: Int(block) * Self.unitBytes + skipped,
            sizeBytes: Self.sizeBytes(ofClass: blockClass) - skipped)
    }
}
