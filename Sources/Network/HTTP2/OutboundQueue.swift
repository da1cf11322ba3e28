package import NIOCore

/// A body that is too large for memory, read in pieces as the peer consumes it.
package protocol HTTP2BodySource: AnyObject {
    /// Appends at least one and at most `bytesMax` bytes to `buffer`; none when the next piece is
    /// not available yet (`HTTP2Stream.resumeSource` has to be called once it is).
    ///
    /// Called on the event loop only when the flow-control window and the channel have capacity.
    func read(bytesMax: Int, into buffer: inout ByteBuffer)
}

/// The unsent bytes of a stream: small pieces are copied into a tail, large ones kept as they are,
/// and sources generate their bytes on demand.
///
/// Invariant: bytes are sent in the order they were appended; `countBytes` is the number of bytes
/// in memory, without sources.
struct OutboundQueue {
    private enum Piece {
        case bytes(ByteBuffer)
        case array(ArraySlice<UInt8>)
        case source(any HTTP2BodySource, remainingBytes: Int)
    }

    /// Buffers up to this size are copied into the tail, larger ones are kept as they are.
    static let copiedBytesMax = 16 << 10
    /// Maximum size of one read from a source.
    static let sourcePieceBytes = 64 << 10

    /// Stored in place of a piece that is moved out, to keep its buffer unique.
    private static var emptyPiece: Piece { .array([]) }

    private(set) var countBytes = 0
    private var pieces: [Piece] = []
    private var firstPiece = 0
    private var tail = ByteBuffer()

    /// Whether there is nothing to send, from memory or from a source.
    var isEmpty: Bool { countBytes == 0 && firstPiece == pieces.count }

    /// Appends `count` bytes that `fill` writes into uninitialized memory of that size.
    mutating func append(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        guard count > 0 else { return }
        tail.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { buffer in
            fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
            return count
        }
        countBytes += count
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        tail.writeBytes(bytes)
        countBytes += bytes.count
    }

    /// Appends a buffer; a large one is not copied.
    mutating func append(_ buffer: ByteBuffer) {
        let count = buffer.readableBytes
        guard count > Self.copiedBytesMax else {
            buffer.withUnsafeReadableBytes { append($0) }
            return
        }
        sealTail()
        pieces.append(.bytes(buffer))
        countBytes += count
    }

    /// Appends bytes; a large array is not copied.
    mutating func append(_ bytes: [UInt8]) {
        guard bytes.count > Self.copiedBytesMax else {
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

    /// The number of bytes that can be sent now, at most `limit`. Nil when the queue is empty or
    /// waits for a source.
    func available(limit: Int) -> Int? {
        let count = frontCountBytes
        return count > 0 ? min(limit, count) : nil
    }

    /// The source at the front, and the size of its next read.
    var frontSource: (source: any HTTP2BodySource, bytesMax: Int)? {
        guard firstPiece < pieces.count,
            case .source(let source, let remaining) = pieces[firstPiece]
        else { return nil }
        return (source, min(remaining, Self.sourcePieceBytes))
    }

    /// Inserts bytes read from the front source before the source.
    mutating func insertFromSource(_ piece: ByteBuffer) {
        let count = piece.readableBytes
        guard count > 0, firstPiece < pieces.count,
            case .source(let source, let remaining) = pieces[firstPiece]
        else { return }
        precondition(count <= remaining, "a source returns at most the requested number of bytes")
        countBytes += count
        guard remaining > count else {
            pieces[firstPiece] = .bytes(piece)
            return
        }
        pieces[firstPiece] = .source(source, remainingBytes: remaining - count)
        pieces.insert(.bytes(piece), at: firstPiece)
    }

    /// Whether `count` bytes are all remaining bytes.
    func isLast(_ count: Int) -> Bool {
        guard count == countBytes else { return false }
        for index in firstPiece..<pieces.count {
            if case .source = pieces[index] { return false }
        }
        return true
    }

    /// Moves exactly `count` bytes, at most `available`, into `output`.
    mutating func take(count: Int, into output: inout ByteBuffer) {
        var remaining = count
        pieces: while remaining > 0, firstPiece < pieces.count {
            switch pieces[firstPiece] {
            case .bytes(var buffer):
                pieces[firstPiece] = Self.emptyPiece
                remaining -= move(remaining, from: &buffer, into: &output)
                if buffer.readableBytes > 0 {
                    pieces[firstPiece] = .bytes(buffer)
                } else {
                    firstPiece += 1
                }
            case .array(let bytes):
                pieces[firstPiece] = Self.emptyPiece
                let count = min(remaining, bytes.count)
                output.writeBytes(bytes.prefix(count))
                remaining -= count
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
            remaining -= move(remaining, from: &tail, into: &output)
            if tail.readableBytes == 0 { tail.clear() }
        }
        precondition(remaining == 0, "no more bytes are taken than available")
        countBytes -= count
    }

    /// Drops all bytes, keeping a small buffer for the next use.
    mutating func reset() {
        pieces.removeAll()
        firstPiece = 0
        countBytes = 0
        if tail.capacity > Self.copiedBytesMax { tail = ByteBuffer() } else { tail.clear() }
    }

    /// Bytes in front of the first source.
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
