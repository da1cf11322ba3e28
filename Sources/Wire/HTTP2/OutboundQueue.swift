package import NIOCore

/// Bytes too many to hold at once, handed out piece by piece as the peer takes them.
package protocol HTTP2BodySource: AnyObject {
    /// Appends at least one and at most `maximumBytes` bytes to `buffer`; none when the next piece
    /// is not there yet (the stream is then resumed by hand once it is).
    ///
    /// Called on the event loop only when the flow-control window and the socket have room.
    func read(maximumBytes: Int, into buffer: inout ByteBuffer)
}

/// What one stream still has to send: small pieces gathered in a tail, large ones kept whole, and
/// sources that make their bytes on demand.
///
/// Invariant: bytes leave in the order they were appended; `countBytes` is what is in memory here,
/// sources excluded.
struct OutboundQueue {
    private enum Piece {
        case bytes(ByteBuffer)
        case array(ArraySlice<UInt8>)
        case source(any HTTP2BodySource, remainingBytes: Int)
    }

    /// Buffers up to this size are copied together, larger ones are kept as they are.
    static let copyLimitBytes = 16 << 10
    /// What is asked of a source at once.
    static let sourcePieceBytes = 64 << 10

    /// What stands in the place of a piece that is taken.
    private static var taken: Piece { .array([]) }

    private(set) var countBytes = 0
    private var pieces: [Piece] = []
    private var firstPiece = 0
    private var tail = ByteBuffer()

    /// Whether nothing is left to send, from memory or from a source.
    var isEmpty: Bool { countBytes == 0 && firstPiece == pieces.count }

    /// Appends `count` bytes written by `fill` into uninitialised memory of that size.
    mutating func append(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        guard count > 0 else { return }
        tail.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
            fill(UnsafeMutableRawBufferPointer(rebasing: room[..<count]))
            return count
        }
        countBytes += count
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        tail.writeBytes(bytes)
        countBytes += bytes.count
    }

    /// A large one is not copied.
    mutating func append(_ buffer: ByteBuffer) {
        let count = buffer.readableBytes
        guard count > Self.copyLimitBytes else {
            buffer.withUnsafeReadableBytes { append($0) }
            return
        }
        sealTail()
        pieces.append(.bytes(buffer))
        countBytes += count
    }

    /// Large ones are not copied.
    mutating func append(_ bytes: [UInt8]) {
        guard bytes.count > Self.copyLimitBytes else {
            bytes.withUnsafeBytes { append($0) }
            return
        }
        sealTail()
        pieces.append(.array(bytes[...]))
        countBytes += bytes.count
    }

    mutating func append(source: any HTTP2BodySource, lengthBytes: Int) {
        guard lengthBytes > 0 else { return }
        sealTail()
        pieces.append(.source(source, remainingBytes: lengthBytes))
    }

    /// How many bytes can leave now, at most `limit`. Nil when a source must be waited for or
    /// nothing is left.
    func available(limit: Int) -> Int? {
        let count = frontCountBytes
        return count > 0 ? min(limit, count) : nil
    }

    /// The source whose bytes are next, and how many to ask it for.
    var frontSource: (source: any HTTP2BodySource, maximumBytes: Int)? {
        guard firstPiece < pieces.count,
            case .source(let source, let remaining) = pieces[firstPiece]
        else { return nil }
        return (source, min(remaining, Self.sourcePieceBytes))
    }

    /// Puts the bytes that the front source gave before what it still has to give.
    mutating func insertFromSource(_ piece: ByteBuffer) {
        let count = piece.readableBytes
        guard count > 0, firstPiece < pieces.count,
            case .source(let source, let remaining) = pieces[firstPiece]
        else { return }
        precondition(count <= remaining, "a source gives no more than it was asked for")
        countBytes += count
        guard remaining > count else {
            pieces[firstPiece] = .bytes(piece)
            return
        }
        pieces[firstPiece] = .source(source, remainingBytes: remaining - count)
        pieces.insert(.bytes(piece), at: firstPiece)
    }

    /// Whether `count` bytes are all that is left.
    func isLast(_ count: Int) -> Bool {
        guard count == countBytes else { return false }
        for index in firstPiece..<pieces.count {
            if case .source = pieces[index] { return false }
        }
        return true
    }

    /// Moves exactly `count` bytes into `output`; `available` has said they are there.
    mutating func take(count: Int, into output: inout ByteBuffer) {
        var left = count
        pieces: while left > 0, firstPiece < pieces.count {
            switch pieces[firstPiece] {
            case .bytes(var buffer):
                pieces[firstPiece] = Self.taken
                left -= move(left, from: &buffer, into: &output)
                if buffer.readableBytes > 0 {
                    pieces[firstPiece] = .bytes(buffer)
                } else {
                    firstPiece += 1
                }
            case .array(let bytes):
                pieces[firstPiece] = Self.taken
                let count = min(left, bytes.count)
                output.writeBytes(bytes.prefix(count))
                left -= count
                if count < bytes.count {
                    pieces[firstPiece] = .array(bytes.dropFirst(count))
                } else {
                    firstPiece += 1
                }
            case .source: break pieces
            }
        }
        if firstPiece == pieces.count {
            pieces.removeAll(keepingCapacity: true)
            firstPiece = 0
            left -= move(left, from: &tail, into: &output)
            if tail.readableBytes == 0 { tail.clear() }
        }
        precondition(left == 0, "no more is taken than is available")
        countBytes -= count
    }

    /// Drops everything, keeping a small buffer for the next use.
    mutating func reset() {
        pieces.removeAll()
        firstPiece = 0
        countBytes = 0
        if tail.capacity > Self.copyLimitBytes { tail = ByteBuffer() } else { tail.clear() }
    }

    /// Bytes that can be taken without meeting a source.
    private var frontCountBytes: Int {
        var count = 0
        for index in firstPiece..<pieces.count {
            switch pieces[index] {
            case .bytes(let buffer): count += buffer.readableBytes
            case .array(let bytes): count += bytes.count
            case .source: return count
            }
        }
        return count + tail.readableBytes
    }

    private mutating func sealTail() {
        guard tail.readableBytes > 0 else { return }
        pieces.append(.bytes(tail))
        tail = ByteBuffer()
    }

    private func move(_ limit: Int, from: inout ByteBuffer, into: inout ByteBuffer) -> Int {
        let count = min(limit, from.readableBytes)
        guard count > 0 else { return 0 }
        from.readWithUnsafeReadableBytes { bytes in
            into.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            return count
        }
        return count
    }
}
