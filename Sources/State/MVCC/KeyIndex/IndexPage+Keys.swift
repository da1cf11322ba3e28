import Glibc

/// Reading and searching keys.
extension IndexPage {
    /// The slot of an entry.
    @inline(__always)
    func slot(_ index: Int) -> UInt64 {
        assert(index >= 0 && index < count, "an entry index is in bounds")
        return base.load(
            fromByteOffset: Self.headerSizeBytes + index * Self.slotSizeBytes, as: UInt64.self)
    }

    /// First four suffix bytes in a slot.
    @inline(__always)
    static func head(_ slot: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: slot >> 32) }

    /// Heap offset in a slot.
    @inline(__always)
    static func offset(_ slot: UInt64) -> Int { Int(slot >> 16 & 0xFFFF) }

    /// Suffix length in a slot, or `longKeyMark`.
    @inline(__always)
    static func length(_ slot: UInt64) -> Int { Int(slot & 0xFFFF) }

    /// Payload of an entry.
    @inline(__always)
    func payload(_ index: Int) -> UnsafeMutableRawPointer {
        base + Self.offset(slot(index))
    }

    /// The chunk of an entry's key, 0 when the key is in the page.
    func longKeyChunk(_ index: Int) -> UInt32 {
        let slot = slot(index)
        guard Self.length(slot) == Self.longKeyMark else { return 0 }
        return base.loadUnaligned(
            fromByteOffset: Self.offset(slot) + payloadSizeBytes, as: UInt32.self)
    }

    /// The key in a chunk.
    func longKey(_ chunk: UInt32) -> UnsafeRawBufferPointer {
        let start = chunkBase + Int(chunk) * ChunkArena.unitBytes
        return UnsafeRawBufferPointer(
            start: start + ChunkArena.headerBytes, count: Int(start.load(as: UInt32.self)))
    }

    /// The lower fence: no key of the page is below it.
    var lowerFence: UnsafeRawBufferPointer {
        fence(offset: lowerOffset, length: Int(lowerLength))
    }

    /// The upper fence, above all keys of the page; nil when unbounded.
    var upperFence: UnsafeRawBufferPointer? {
        upperLength == Self.unboundedMark
            ? nil : fence(offset: upperOffset, length: Int(upperLength))
    }

    private func fence(offset: Int, length: Int) -> UnsafeRawBufferPointer {
        guard length > Self.inlineKeyMax else {
            return UnsafeRawBufferPointer(start: base + offset, count: length)
        }
        return longKey(base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// First four bytes of `key` after `prefixLength`, big-endian, zeros after the key's end.
    @inline(__always)
    static func head(of key: UnsafeRawBufferPointer, after prefixLength: Int) -> UInt32 {
        let remaining = key.count - prefixLength
        if remaining >= 4 {
            return UInt32(
                bigEndian: key.loadUnaligned(fromByteOffset: prefixLength, as: UInt32.self))
        }
        var head: UInt32 = 0
        for index in 0..<4 {
            head = head << 8 | (index < remaining ? UInt32(key[prefixLength + index]) : 0)
        }
        return head
    }

    /// Compares an entry's key with `key`, given equal heads: negative when the entry is lower.
    @inline(__always)
    private func compareRest(_ slot: UInt64, _ key: UnsafeRawBufferPointer, _ prefix: Int) -> Int {
        var length = Self.length(slot)
        var rest = UnsafeRawPointer(base + Self.offset(slot) + payloadSizeBytes)
        if length == Self.longKeyMark {
            let whole = longKey(rest.loadUnaligned(as: UInt32.self))
            length = whole.count - prefix
            rest = UnsafeRawPointer(whole.baseAddress.unsafelyUnwrapped + prefix + 4)
        }
        let keyLength = key.count - prefix
        let common = min(length, keyLength) - 4
        if common > 0 {
            let order = memcmp(rest, key.baseAddress.unsafelyUnwrapped + prefix + 4, common)
            if order != 0 { return Int(order) }
        }
        return length - keyLength
    }

    /// First entry whose key is not below `key`, and whether it is equal.
    ///
    /// `key` starts with the page's prefix. Not for entry 0 of an inner page.
    func lowerBound(_ key: UnsafeRawBufferPointer, from first: Int = 0) -> (Int, found: Bool) {
        let prefix = prefixLength
        assert(key.count >= prefix, "a key looked up in a page has the page's prefix")
        let head = Self.head(of: key, after: prefix)
        var low = first
        var high = count
        while low < high {
            let middle = (low + high) >> 1
            let slot = slot(middle)
            let slotHead = Self.head(slot)
            if slotHead == head {
                let order = compareRest(slot, key, prefix)
                if order == 0 { return (middle, true) }
                if order < 0 { low = middle + 1 } else { high = middle }
            } else if slotHead < head {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return (low, false)
    }

    /// The entry of an inner page whose subtree `key` belongs to.
    func childIndex(_ key: UnsafeRawBufferPointer) -> Int {
        let (index, found) = lowerBound(key, from: 1)
        return found ? index : index - 1
    }

    /// Writes the page's prefix to `buffer`, for `key` to complete.
    ///
    /// At most the length of a key stored in the page; `buffer` holds `inlineKeyMax` bytes.
    func copyPrefix(to buffer: UnsafeMutableRawPointer) {
        let length = min(prefixLength, Self.inlineKeyMax)
        guard length > 0 else { return }
        buffer.copyMemory(from: lowerFence.baseAddress.unsafelyUnwrapped, byteCount: length)
    }

    /// The complete key of an entry; `buffer` already holds the prefix, and receives a short key.
    @inline(__always)
    func key(_ index: Int, buffer: UnsafeMutableRawPointer) -> UnsafeRawBufferPointer {
        let slot = slot(index)
        let length = Self.length(slot)
        let rest = base + Self.offset(slot) + payloadSizeBytes
        if length == Self.longKeyMark { return longKey(rest.loadUnaligned(as: UInt32.self)) }
        let suffix = buffer + prefixLength
        var head = Self.head(slot)
        if length >= 4 {
            suffix.storeBytes(of: head.bigEndian, as: UInt32.self)
            (suffix + 4).copyMemory(from: rest, byteCount: length - 4)
        } else {
            for position in 0..<length {
                suffix.storeBytes(
                    of: UInt8(truncatingIfNeeded: head >> 24), toByteOffset: position,
                    as: UInt8.self)
                head <<= 8
            }
        }
        return UnsafeRawBufferPointer(start: buffer, count: prefixLength + length)
    }
}
