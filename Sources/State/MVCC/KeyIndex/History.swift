import Identifiers

/// The older versions of one key, oldest first, stored in a chunk.
///
/// Invariant: revisions ascend. A view is valid until the next change of the arena.
struct History {
    private let records: UnsafeMutableRawPointer
    /// Number of versions.
    let count: Int

    /// Views the history in `chunk`; chunk 0 is an empty history.
    init(chunk: UInt32, base: UnsafeMutableRawPointer) {
        let start = base + Int(chunk) * ChunkArena.unitBytes
        records = start + ChunkArena.headerBytes
        count = chunk == 0 ? 0 : Int(start.load(as: UInt32.self))
    }

    /// The version at `index`.
    subscript(index: Int) -> PackedRecord {
        assert(index >= 0 && index < count, "a history index is in bounds")
        return PackedRecord(loadingFrom: records + index * PackedRecord.sizeBytes)
    }

    /// Index of the newest version with a main revision at or below `main`.
    func newest(at main: Revision) -> Int? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) >> 1
            if PackedRecord.main(at: records + middle * PackedRecord.sizeBytes) <= main {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low == 0 ? nil : low - 1
    }
}

extension ChunkArena {
    private static func recordCapacity(ofClass sizeClass: Int) -> Int {
        (sizeBytes(ofClass: sizeClass) - headerBytes) / PackedRecord.sizeBytes
    }

    private func start(_ chunk: UInt32) -> UnsafeMutableRawPointer {
        base + Int(chunk) * Self.unitBytes
    }

    private func setCount(_ count: Int, of chunk: UInt32) {
        start(chunk).storeBytes(of: UInt32(count), as: UInt32.self)
    }

    /// Whether `append` has capacity for one more version of the history in `chunk`.
    func hasCapacity(inHistory chunk: UInt32) -> Bool {
        guard chunk != 0 else { return hasCapacity(order: 0) }
        let sizeClass = sizeClass(of: chunk)
        return History(chunk: chunk, base: base).count < Self.recordCapacity(ofClass: sizeClass)
            || hasCapacity(order: sizeClass >> 2 + 1)
    }

    /// Appends a version to the history in `chunk` (0 for none); returns the chunk that holds it
    /// now.
    mutating func append(_ record: PackedRecord, toHistory chunk: UInt32) -> UInt32 {
        let count = History(chunk: chunk, base: base).count
        var target = chunk
        if chunk == 0 {
            target = allocate(sizeClass: 0)
        } else if count == Self.recordCapacity(ofClass: sizeClass(of: chunk)) {
            target = allocate(sizeClass: sizeClass(of: chunk) + 4)
            moveRecords(from: chunk, first: 0, count: count, to: target)
            free(chunk)
        }
        record.store(
            to: start(target) + Self.headerBytes + count * PackedRecord.sizeBytes)
        setCount(count + 1, of: target)
        return target
    }

    /// Drops the oldest versions of the history in `chunk`; returns the chunk of the rest, or 0.
    mutating func dropFirst(_ dropped: Int, ofHistory chunk: UInt32) -> UInt32 {
        guard dropped > 0 else { return chunk }
        let count = History(chunk: chunk, base: base).count
        precondition(dropped <= count, "no more versions are dropped than there are")
        let remaining = count - dropped
        guard remaining > 0 else {
            free(chunk)
            return 0
        }
        var target = chunk
        let fitting = Self.blockClass(forPayload: remaining * PackedRecord.sizeBytes)
        // Without capacity for a smaller chunk it stays in the larger one.
        if fitting < sizeClass(of: chunk), hasCapacity(order: fitting >> 2) {
            target = allocate(sizeClass: fitting)
        }
        moveRecords(from: chunk, first: dropped, count: remaining, to: target)
        setCount(remaining, of: target)
        if target != chunk { free(chunk) }
        return target
    }

    private func moveRecords(from source: UInt32, first: Int, count: Int, to target: UInt32) {
        let origin = start(source) + Self.headerBytes + first * PackedRecord.sizeBytes
        (start(target) + Self.headerBytes).copyMemory(
            from: origin, byteCount: count * PackedRecord.sizeBytes)
    }

    /// Stores a key too long for a page.
    mutating func store(longKey key: UnsafeRawBufferPointer) -> UInt32 {
        let chunk = allocate(sizeClass: Self.sizeClass(forPayload: key.count))
        if let source = key.baseAddress {
            (start(chunk) + Self.headerBytes).copyMemory(from: source, byteCount: key.count)
        }
        setCount(key.count, of: chunk)
        return chunk
    }
}
