internal import Glibc

/// The content of a file in memory; ranges that were never written, or only with zeros, take no
/// memory.
///
/// A value type: a copy shares the pieces until either side changes them.
struct SparseBytes {
    private static let pieceBytes = 4096

    /// Length of the file in bytes.
    private(set) var count = 0

    /// 4 KiB each; nil stands for zeros. Bytes of the last piece after `count` are zero.
    private var pieces: [[UInt8]?] = []

    /// Truncates the content, or extends it with zeros.
    mutating func resize(to newCount: Int) {
        if newCount < count { zero(newCount..<count) }
        let pieceCount = (newCount + Self.pieceBytes - 1) / Self.pieceBytes
        if pieceCount < pieces.count {
            pieces.removeLast(pieces.count - pieceCount)
        } else if pieceCount > pieces.count {
            pieces.append(contentsOf: repeatElement(nil, count: pieceCount - pieces.count))
        }
        count = newCount
    }

    /// Copies up to the buffer's length from `offset`; returns the number of bytes copied.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        let end = min(count, offset + buffer.count)
        if offset >= end { return 0 }
        Self.forEachPiece(in: offset..<end) { index, range, bufferRange in
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[bufferRange])
            guard let piece = pieces[index] else {
                target.initializeMemory(as: UInt8.self, repeating: 0)
                return
            }
            piece.withUnsafeBytes { target.copyMemory(from: .init(rebasing: $0[range])) }
        }
        return end - offset
    }

    /// The ranges that have pieces; all else is zeros.
    var writtenRanges: [Range<Int>] {
        pieces.indices.filter { pieces[$0] != nil }.map {
            $0 * Self.pieceBytes..<min(($0 + 1) * Self.pieceBytes, count)
        }
    }

    /// Overwrites from `offset`, extending the content where needed.
    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        if bytes.isEmpty { return }
        let end = offset + bytes.count
        if end > count { resize(to: end) }
        Self.forEachPiece(in: offset..<end) { index, range, bufferRange in
            let source = UnsafeRawBufferPointer(rebasing: bytes[bufferRange])
            if pieces[index] == nil {
                if Self.isZero(source) { return }
                pieces[index] = [UInt8](repeating: 0, count: Self.pieceBytes)
            }
            pieces[index]?.withUnsafeMutableBytes {
                UnsafeMutableRawBufferPointer(rebasing: $0[range]).copyMemory(from: source)
            }
        }
    }

    /// Whether all bytes are zero: the first one is, and each equals the one before it. The C
    /// library compares them, since a debug build takes a second for the zeros of one log segment.
    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = bytes.baseAddress, bytes.count > 1 else {
            return bytes.allSatisfy { $0 == 0 }
        }
        return bytes[0] == 0 && memcmp(first, first + 1, bytes.count - 1) == 0
    }

    /// Zeroes the part of the range that is inside the content.
    mutating func zero(_ range: Range<Int>) {
        let inside = range.clamped(to: 0..<count)
        if inside.isEmpty { return }
        Self.forEachPiece(in: inside) { index, range, _ in
            if range.count == Self.pieceBytes {
                pieces[index] = nil
                return
            }
            pieces[index]?.replaceSubrange(range, with: repeatElement(0, count: range.count))
        }
    }

    /// Calls `body` for each piece that the range touches, with the piece's index, the range inside
    /// the piece, and the matching range counted from the range's own start.
    private static func forEachPiece(
        in range: Range<Int>, _ body: (Int, Range<Int>, Range<Int>) -> Void
    ) {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let index = offset / pieceBytes
            let start = offset % pieceBytes
            let length = min(pieceBytes - start, range.upperBound - offset)
            let bufferOffset = offset - range.lowerBound
            body(index, start..<start + length, bufferOffset..<bufferOffset + length)
            offset += length
        }
    }
}
