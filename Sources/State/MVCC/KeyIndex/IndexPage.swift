import Glibc

/// A view of one 4 KB page of the key index: a sorted run of entries between two fence keys.
///
/// Layout: a header of 40 bytes; slots of 8 bytes ascending by key; a heap growing down from the
/// end of the page. All keys of a page share the common prefix of its fences, which is stored only
/// there; the rest of a key is the entry's suffix. A slot is one word: the suffix's first four
/// bytes as a big-endian number (which decides most comparisons), the heap offset of the entry and
/// the suffix length. In the heap an entry is its payload, then the rest of the suffix.
///
/// A key longer than `inlineKeyMax` is stored in a chunk; its entry or fence holds the chunk's id
/// (an entry also the key's length) instead of bytes.
///
/// Entry 0 of an inner page has no key of its own: it stands for the lower fence.
///
/// Invariants: entries ascend; lower fence <= key < upper fence; offsets and lengths stay inside
/// the page. A view is valid until the arena reuses the page.
struct IndexPage {
    /// Longest key that is stored inside pages.
    static let inlineKeyMax = 512
    /// Offset of the first slot.
    static let headerSizeBytes = 40
    /// Bytes of a slot.
    static let slotSizeBytes = 8
    /// Suffix length in the slot of a key that is stored in a chunk.
    static let longKeyMark = 0xFFFF
    /// Upper fence length that stands for no upper bound.
    static let unboundedMark = UInt32.max

    /// First byte of the page.
    let base: UnsafeMutableRawPointer
    /// First byte of the arena that stores long keys.
    let chunkBase: UnsafeMutableRawPointer

    /// 0 for a leaf, else the height above the leaves.
    var level: Int {
        get { Int(base.load(as: UInt8.self)) }
        nonmutating set { base.storeBytes(of: UInt8(newValue), as: UInt8.self) }
    }
    /// Number of entries.
    var count: Int {
        get { load16(2) }
        nonmutating set { store16(newValue, 2) }
    }
    /// Offset of the lowest heap byte in use.
    var heapTop: Int {
        get { load16(4) }
        nonmutating set { store16(newValue, 4) }
    }
    /// Heap bytes of removed entries.
    var garbageBytes: Int {
        get { load16(6) }
        nonmutating set { store16(newValue, 6) }
    }
    /// Length of the common prefix of all keys, which entries do not store.
    var prefixLength: Int {
        get { Int(load32(8)) }
        nonmutating set { store32(UInt32(newValue), 8) }
    }
    /// Heap offset of the lower fence.
    var lowerOffset: Int {
        get { load16(12) }
        nonmutating set { store16(newValue, 12) }
    }
    /// Heap offset of the upper fence.
    var upperOffset: Int {
        get { load16(14) }
        nonmutating set { store16(newValue, 14) }
    }
    /// Length of the lower fence.
    var lowerLength: UInt32 {
        get { load32(16) }
        nonmutating set { store32(newValue, 16) }
    }
    /// Length of the upper fence, or `unboundedMark`.
    var upperLength: UInt32 {
        get { load32(20) }
        nonmutating set { store32(newValue, 20) }
    }
    /// The leaf that follows, 0 at the end.
    var nextLeaf: UInt32 {
        get { load32(24) }
        nonmutating set { store32(newValue, 24) }
    }
    /// The leaf before, 0 at the start.
    var previousLeaf: UInt32 {
        get { load32(28) }
        nonmutating set { store32(newValue, 28) }
    }
    /// Entries of a leaf whose newest change is a deletion.
    var tombstoneCount: Int {
        get { load16(32) }
        nonmutating set { store16(newValue, 32) }
    }

    /// Index of the last insertion into a leaf.
    var lastInsertion: Int {
        get { load16(34) }
        nonmutating set { store16(newValue, 34) }
    }
    /// Number of consecutive insertions that each followed the previous one directly.
    var ascendingRun: Int {
        get { load16(36) }
        nonmutating set { store16(newValue, 36) }
    }

    /// Whether entries are keys with records rather than child pages.
    var isLeaf: Bool { level == 0 }
    /// Bytes of payload of each entry.
    var payloadSizeBytes: Int { isLeaf ? LeafEntry.sizeBytes : InnerEntry.sizeBytes }
    /// Bytes between the slots and the heap.
    var gapBytes: Int { heapTop - Self.headerSizeBytes - count * Self.slotSizeBytes }
    /// Bytes that header, fences, slots and entries take.
    var usedBytes: Int { PageArena.pageSizeBytes - gapBytes - garbageBytes }

    @inline(__always)
    private func load16(_ offset: Int) -> Int {
        Int(base.load(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    private func store16(_ value: Int, _ offset: Int) {
        base.storeBytes(of: UInt16(value), toByteOffset: offset, as: UInt16.self)
    }

    @inline(__always)
    private func load32(_ offset: Int) -> UInt32 {
        base.load(fromByteOffset: offset, as: UInt32.self)
    }

    @inline(__always)
    private func store32(_ value: UInt32, _ offset: Int) {
        base.storeBytes(of: value, toByteOffset: offset, as: UInt32.self)
    }
}

/// Payload of a leaf entry: the newest record and the id of the older ones' chunk.
enum LeafEntry {
    /// Bytes of the payload.
    static let sizeBytes = PackedRecord.sizeBytes + 4
    /// Offset of the history chunk's id.
    static let historyOffset = PackedRecord.sizeBytes
}

/// Payload of an inner entry: a child page, the number of live keys below it, and a main
/// revision that no record below it exceeds.
enum InnerEntry {
    /// Bytes of the payload.
    static let sizeBytes = 16
    /// Offset of the live count.
    static let liveCountOffset = 4
    /// Offset of the newest main revision.
    static let newestMainOffset = 8
}
