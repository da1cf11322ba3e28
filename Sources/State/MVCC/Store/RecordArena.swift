/// Bytes of records that are applied and not yet in the file.
///
/// Memory is allocated in chunks that never move, so pointers are valid as long as the arena lives.
struct RecordArena {
    private static let chunkBytes = 256 << 10

    private(set) var chunks: ContiguousArray<UnsafeMutableRawBufferPointer> = []
    private var free = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Bytes allocated.
    private(set) var usedBytes = 0

    /// Allocates `count` bytes.
    mutating func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
        usedBytes += count
        if count > free.count {
            if count > Self.chunkBytes / 4 { return addChunk(count) }
            free = addChunk(Self.chunkBytes)
        }
        let memory = UnsafeMutableRawBufferPointer(rebasing: free[..<count])
        free = UnsafeMutableRawBufferPointer(rebasing: free[count...])
        return memory
    }

    private mutating func addChunk(_ count: Int) -> UnsafeMutableRawBufferPointer {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        chunks.append(chunk)
        return chunk
    }

    /// Frees all memory.
    func deallocate() {
        for chunk in chunks { chunk.deallocate() }
    }
}
