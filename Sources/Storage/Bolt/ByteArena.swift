/// Memory that is allocated in pieces and freed as a whole.
///
/// Keys, values and page images of a write transaction are stored here, without an object for each.
/// Pieces do not move until the arena is freed.
final class ByteArena {
    private let chunkBytes: Int
    private var chunks: [UnsafeMutableRawPointer] = []
    private var next: UnsafeMutableRawPointer?
    private var left = 0

    init(chunkBytes: Int) {
        self.chunkBytes = chunkBytes
    }

    deinit {
        for chunk in chunks { chunk.deallocate() }
    }

    /// `count` bytes of undefined content, 8-byte aligned. Large pieces get a chunk of their own.
    func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        let aligned = (count + 7) & ~7
        if let start = next, aligned <= left {
            next = start + aligned
            left -= aligned
            return start
        }
        if aligned > chunkBytes / 4 {
            let own = UnsafeMutableRawPointer.allocate(byteCount: aligned, alignment: 16)
            chunks.append(own)
            return own
        }
        let chunk = UnsafeMutableRawPointer.allocate(byteCount: chunkBytes, alignment: 16)
        chunks.append(chunk)
        next = chunk + aligned
        left = chunkBytes - aligned
        return chunk
    }

    /// A copy of the bytes.
    func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer {
        let piece = allocate(bytes.count)
        if let start = bytes.baseAddress { piece.copyMemory(from: start, byteCount: bytes.count) }
        return UnsafeRawPointer(piece)
    }
}
