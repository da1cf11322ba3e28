/// Bytes of records that were applied and are not yet in the file.
///
/// Memory is taken in chunks that never move, so pointers handed out are valid for as long as the
/// arena lives.
struct RecordArena {
    private static let chunkBytes = 256 << 10

    private(set) var chunks: ContiguousArray<UnsafeMutableRawBufferPointer> = []
    private var free = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Bytes handed out.
    private(set) var usedBytes = 0

    /// Memory for `count` bytes.
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

    /// Gives all memory back.
    func deallocate() {
        for chunk in chunks { chunk.deallocate() }
    }
}
