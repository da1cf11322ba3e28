import Glibc

/// Page layout: fences, insertion and removal of entries.
extension IndexPage {
    /// Heap bytes of an entry's key besides the payload, without the prefix.
    static func restSizeBytes(keyLength: Int, prefixLength: Int) -> Int {
        keyLength > inlineKeyMax ? 8 : max(0, keyLength - prefixLength - 4)
    }

    /// Heap bytes of a fence of `length`.
    static func fenceSizeBytes(_ length: Int) -> Int { length > inlineKeyMax ? 4 : length }

    /// Whether an entry for a key of `length` fits, after compaction of the heap if needed.
    func fits(keyLength length: Int) -> Bool {
        let needed =
            payloadSizeBytes + Self.slotSizeBytes
            + Self.restSizeBytes(keyLength: length, prefixLength: prefixLength)
        return needed <= gapBytes + garbageBytes
    }

    /// Makes an empty page between two fences; long fences are stored in `chunks`.
    func format(
        level: Int, lower: UnsafeRawBufferPointer, upper: UnsafeRawBufferPointer?,
        chunks: inout ChunkArena
    ) {
        memset(base, 0, Self.headerSizeBytes)
        self.level = level
        heapTop = PageArena.pageSizeBytes
        lowerLength = UInt32(lower.count)
        lowerOffset = storeFence(lower, &chunks)
        guard let upper else {
            upperLength = Self.unboundedMark
            return
        }
        upperLength = UInt32(upper.count)
        upperOffset = storeFence(upper, &chunks)
        prefixLength = commonPrefixLength(lower, upper)
    }

    private func storeFence(_ key: UnsafeRawBufferPointer, _ chunks: inout ChunkArena) -> Int {
        let isLong = key.count > Self.inlineKeyMax
        heapTop -= Self.fenceSizeBytes(key.count)
        if isLong {
            base.storeBytes(
                of: chunks.store(longKey: key), toByteOffset: heapTop, as: UInt32.self)
        } else if let source = key.baseAddress {
            (base + heapTop).copyMemory(from: source, byteCount: key.count)
        }
        return heapTop
    }

    /// Frees the chunks of long fences.
    func releaseFences(_ chunks: inout ChunkArena) {
        if Int(lowerLength) > Self.inlineKeyMax {
            chunks.free(base.loadUnaligned(fromByteOffset: lowerOffset, as: UInt32.self))
        }
        if upperLength != Self.unboundedMark, Int(upperLength) > Self.inlineKeyMax {
            chunks.free(base.loadUnaligned(fromByteOffset: upperOffset, as: UInt32.self))
        }
    }

    /// Inserts an entry whose key, if long, is in `chunk`; returns its payload for the caller to
    /// write.
    ///
    /// The caller has checked that it fits.
    func insert(
        _ key: UnsafeRawBufferPointer, chunk: UInt32, at index: Int
    ) -> UnsafeMutableRawPointer {
        let isLong = key.count > Self.inlineKeyMax
        assert(isLong == (chunk != 0), "a long key and only a long key lies in a chunk")
        let prefix = prefixLength
        let rest = Self.restSizeBytes(keyLength: key.count, prefixLength: prefix)
        let payload = insertSlot(
            head: Self.head(of: key, after: prefix),
            length: isLong ? Self.longKeyMark : key.count - prefix, restSizeBytes: rest, at: index)
        let stored = payload + payloadSizeBytes
        if isLong {
            stored.storeBytes(of: chunk, as: UInt32.self)
            stored.storeBytes(of: UInt32(key.count), toByteOffset: 4, as: UInt32.self)
        } else if rest > 0 {
            stored.copyMemory(
                from: key.baseAddress.unsafelyUnwrapped + prefix + 4, byteCount: rest)
        }
        return payload
    }

    /// Records where a leaf grows, for the choice of the split position.
    func recordInsertion(at index: Int) {
        let isNext = index == lastInsertion + 1
        ascendingRun = isNext ? min(ascendingRun + 1, 0xFFFF) : 0
        lastInsertion = index
    }

    /// Appends entry 0 of an inner page, which has no key; returns its payload for the caller to
    /// write.
    func insertLeast() -> UnsafeMutableRawPointer {
        assert(count == 0 && !isLeaf, "the keyless entry is the first of an inner page")
        return insertSlot(head: 0, length: 0, restSizeBytes: 0, at: 0)
    }

    private func insertSlot(
        head: UInt32, length: Int, restSizeBytes: Int, at index: Int
    ) -> UnsafeMutableRawPointer {
        let entryBytes = payloadSizeBytes + restSizeBytes
        if gapBytes < entryBytes + Self.slotSizeBytes { compactHeap() }
        precondition(gapBytes >= entryBytes + Self.slotSizeBytes, "an entry fits in its page")
        heapTop -= entryBytes
        let position = base + Self.headerSizeBytes + index * Self.slotSizeBytes
        memmove(position + Self.slotSizeBytes, position, (count - index) * Self.slotSizeBytes)
        let slot = UInt64(head) << 32 | UInt64(heapTop) << 16 | UInt64(length)
        position.storeBytes(of: slot, as: UInt64.self)
        count += 1
        return base + heapTop
    }

    /// Heap bytes of an entry.
    func entrySizeBytes(_ index: Int) -> Int {
        let length = Self.length(slot(index))
        let rest = length == Self.longKeyMark ? 8 : max(0, length - 4)
        return payloadSizeBytes + rest
    }

    /// Removes an entry; the caller frees the chunk of a long key.
    func remove(at index: Int) {
        garbageBytes += entrySizeBytes(index)
        let position = base + Self.headerSizeBytes + index * Self.slotSizeBytes
        memmove(
            position, position + Self.slotSizeBytes, (count - index - 1) * Self.slotSizeBytes)
        count -= 1
    }

    /// Compacts the heap: moves all entries to the end of the page, below the fences.
    private func compactHeap() {
        withUnsafeTemporaryAllocation(byteCount: PageArena.pageSizeBytes, alignment: 8) { copy in
            let source = copy.baseAddress.unsafelyUnwrapped
            source.copyMemory(from: base, byteCount: PageArena.pageSizeBytes)
            var top = upperLength == Self.unboundedMark ? lowerOffset : upperOffset
            for index in 0..<count {
                let slot = slot(index)
                let size = entrySizeBytes(index)
                top -= size
                (base + top).copyMemory(from: source + Self.offset(slot), byteCount: size)
                let moved = slot & ~(0xFFFF << 16) | UInt64(top) << 16
                base.storeBytes(
                    of: moved, toByteOffset: Self.headerSizeBytes + index * Self.slotSizeBytes,
                    as: UInt64.self)
            }
            heapTop = top
            garbageBytes = 0
        }
    }
}

/// Length of the longest common prefix of two keys.
func commonPrefixLength(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let limit = min(left.count, right.count)
    var index = 0
    while index < limit, left[index] == right[index] { index += 1 }
    return index
}

/// Compares two keys by bytes: negative when `left` is lower.
func compareKeys(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let common = min(left.count, right.count)
    if common > 0 {
        let order = memcmp(
            left.baseAddress.unsafelyUnwrapped, right.baseAddress.unsafelyUnwrapped, common)
        if order != 0 { return Int(order) }
    }
    return left.count - right.count
}
