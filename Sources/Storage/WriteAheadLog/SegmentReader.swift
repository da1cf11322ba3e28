internal import Disk

/// Reads a segment sequentially through a window in memory.
final class SegmentReader {
    let name: String
    let sizeBytes: Int
    private let file: any DiskFile
    /// Most of a segment is reserved and unwritten. Determined before anything is read, since space
    /// counts as written once it was read.
    private let writtenRanges: [Range<Int>]
    private var memory: UnsafeMutableRawBufferPointer
    private var windowStart = 0
    private var windowCount = 0

    private static let windowBytes = 256 << 10

    init(_ file: any DiskFile, name: String) throws(LogError) {
        self.file = file
        self.name = name
        sizeBytes = try onDisk { () throws(DiskError) in try file.size() }
        writtenRanges = try onDisk { () throws(DiskError) in try file.writtenRanges() }
        memory = .allocate(byteCount: Self.windowBytes, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }

    /// The bytes of a range inside the file, valid until the next call; fewer when the file has
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
        for range in writtenRanges where range.upperBound > offset {
            guard try isZero(max(range.lowerBound, offset)..<range.upperBound) else { return false }
        }
        return true
    }

    private func isZero(_ range: Range<Int>) throws(LogError) -> Bool {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = min(Self.windowBytes, range.upperBound - offset)
            let piece = try bytes(at: offset, count: count)
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
