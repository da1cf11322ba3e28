/// Chunks of sizes between two powers of two: several of one size side by side in a block, a slab.
///
/// The space after the last chunk of the slab records which chunks are free and links the slab with
/// the other slabs of the size that have a free chunk. A freed chunk keeps its in-use mark, because
/// the mark at the slab's beginning stands for the whole block.
extension ChunkArena {
    private static let freeChunksOffset = 0
    private static let nextOffset = 4
    private static let previousOffset = 8

    mutating func allocateInSlab(sizeClass: Int) -> UInt32 {
        if slabHeads[sizeClass] == 0 { addSlab(sizeClass) }
        let slab = slabHeads[sizeClass]
        let index = freeChunks(slab, sizeClass).trailingZeroBitCount
        let rest = freeChunks(slab, sizeClass) & ~(1 << UInt32(index))
        setFreeChunks(rest, slab, sizeClass)
        if rest == 0 { unlinkSlab(slab, sizeClass) }
        return slab + UInt32(index * Self.units(ofClass: sizeClass))
    }

    mutating func freeInSlab(_ chunk: UInt32, sizeClass: Int) {
        let order = Self.blockOrder(ofClass: sizeClass)
        let slab = chunk & ~(UInt32(1) << UInt32(order) - 1)
        let before = freeChunks(slab, sizeClass)
        let index = Int(chunk - slab) / Self.units(ofClass: sizeClass)
        let after = before | 1 << UInt32(index)
        setFreeChunks(after, slab, sizeClass)
        if before == 0 { linkSlab(slab, sizeClass) }
        if after == Self.allChunks(sizeClass) {
            unlinkSlab(slab, sizeClass)
            freeBlock(slab, order: order)
        } else {
            discard(chunk, sizeClass)
        }
    }

    private mutating func addSlab(_ sizeClass: Int) {
        let slab = allocateBlock(order: Self.blockOrder(ofClass: sizeClass))
        setHeader(slab, sizeClass: sizeClass, isUsed: true)
        setFreeChunks(Self.allChunks(sizeClass), slab, sizeClass)
        linkSlab(slab, sizeClass)
    }

    private static func allChunks(_ sizeClass: Int) -> UInt32 {
        1 << UInt32(chunksPerSlab(sizeClass)) - 1
    }

    /// The address after the last chunk of a slab.
    private func slabEnd(_ slab: UInt32, _ sizeClass: Int) -> UnsafeMutableRawPointer {
        pointer(slab) + Self.chunksPerSlab(sizeClass) * Self.sizeBytes(ofClass: sizeClass)
    }

    private func freeChunks(_ slab: UInt32, _ sizeClass: Int) -> UInt32 {
        slabEnd(slab, sizeClass).load(fromByteOffset: Self.freeChunksOffset, as: UInt32.self)
    }

    private func setFreeChunks(_ chunks: UInt32, _ slab: UInt32, _ sizeClass: Int) {
        slabEnd(slab, sizeClass).storeBytes(
            of: chunks, toByteOffset: Self.freeChunksOffset, as: UInt32.self)
    }

    private mutating func linkSlab(_ slab: UInt32, _ sizeClass: Int) {
        let next = slabHeads[sizeClass]
        let end = slabEnd(slab, sizeClass)
        end.storeBytes(of: next, toByteOffset: Self.nextOffset, as: UInt32.self)
        end.storeBytes(of: 0, toByteOffset: Self.previousOffset, as: UInt32.self)
        if next != 0 {
            slabEnd(next, sizeClass).storeBytes(
                of: slab, toByteOffset: Self.previousOffset, as: UInt32.self)
        }
        slabHeads[sizeClass] = slab
    }

    private mutating func unlinkSlab(_ slab: UInt32, _ sizeClass: Int) {
        let end = slabEnd(slab, sizeClass)
        let next = end.load(fromByteOffset: Self.nextOffset, as: UInt32.self)
        let previous = end.load(fromByteOffset: Self.previousOffset, as: UInt32.self)
        if next != 0 {
            slabEnd(next, sizeClass).storeBytes(
                of: previous, toByteOffset: Self.previousOffset, as: UInt32.self)
        }
        if previous != 0 {
            slabEnd(previous, sizeClass).storeBytes(
                of: next, toByteOffset: Self.nextOffset, as: UInt32.self)
        } else {
            slabHeads[sizeClass] = next
        }
    }

    /// Returns the memory of a large chunk to the system, except for the page of its header.
    private func discard(_ chunk: UInt32, _ sizeClass: Int) {
        guard sizeClass >> 2 >= Self.discardOrder else { return }
        let granule = ReservedMemory.granuleBytes
        let start = Int(chunk) * Self.unitBytes
        let end = start + Self.sizeBytes(ofClass: sizeClass)
        let first = start / granule * granule + granule
        memory.discard(offset: first, sizeBytes: end / granule * granule - first)
    }
}
