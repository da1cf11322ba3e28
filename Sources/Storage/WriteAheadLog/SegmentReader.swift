internal import Disk

/// Reads a segment from front to back through a window in memory.
final class SegmentReader {
    let name: String
    let sizeBytes: Int
    private let file: any DiskFile
    private var memory: UnsafeMutableRawBufferPointer
    private var windowStart = 0
    private var windowCount = 0

    private static let windowBytes = 256 << 10

    init(_ file: any DiskFile, name: String) throws(LogError) {
        self.file = file
        self.name = name
        sizeBytes = try onDisk { () throws(DiskError) in try file.size() }
        memory = .allocate(byteCount: Self.windowBytes, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }

    /// The bytes of a range inside the file, good until the next call; fewer when the file has
    /// become shorter.
    func bytes(at offset: Int, count: Int) throws(LogError) -> UnsafeRawBufferPointer {
        if offset < windowStart || offset + count > windowStart + windowCount {
            try moveWindow(to: offset, count: count)
        }
        let start = offset - windowStart
        let end = min(start + count, windowCount)
        return UnsafeRawBufferPointer(rebasing: memory[start..<max(start, end)])
    }

    private func moveWindow(to offset: Int, count: Int) throws(LogError) {
        if count > memory.count {
            memory.deallocate()
            memory = .allocate(byteCount: count, alignment: 16)
        }
        windowStart = offset
        windowCount = 0
        windowCount = try onDisk { () throws(DiskError) in try file.read(into: memory, at: offset) }
    }

    /// Whether all bytes from `offset` to the end of the file are zero.
    func isZero(from offset: Int) throws(LogError) -> Bool {
        var offset = offset
        while offset < sizeBytes {
            let piece = try bytes(at: offset, count: min(Self.windowBytes, sizeBytes - offset))
            if piece.isEmpty || !piece.isZero { return piece.isEmpty }
            offset += piece.count
        }
        return true
    }
}

extension UnsafeRawBufferPointer {
    /// Whether all bytes are zero.
    var isZero: Bool {
        var at = 0
        while at + 8 <= count {
            if loadUnaligned(fromByteOffset: at, as: UInt64.self) != 0 { return false }
            at += 8
        }
        while at < count {
            if self[at] != 0 { return false }
            at += 1
        }
        return true
    }
}
