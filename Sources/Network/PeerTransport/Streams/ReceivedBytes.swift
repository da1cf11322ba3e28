import EtcdAPI
import NIOCore

/// Received bytes of a stream that are not decoded yet.
struct ReceivedBytes: Sendable {
    private var bytes = ByteBuffer()

    var count: Int { bytes.readableBytes }

    /// Capacity kept for the next message after a large one was decoded.
    private static let keptBytes = 1 << 20

    mutating func append(_ more: UnsafeRawBufferPointer) {
        makeCapacity()
        bytes.writeBytes(more)
    }

    /// Uses the chunk's buffer without a copy if nothing is left of the previous one.
    mutating func append(_ more: ByteBuffer) {
        guard bytes.readableBytes > 0 else {
            bytes = more
            return
        }
        makeCapacity()
        bytes.writeImmutableBuffer(more)
    }

    private mutating func makeCapacity() {
        if bytes.readableBytes == 0 {
            if bytes.capacity > Self.keptBytes { bytes = ByteBuffer() }
            bytes.clear()
        } else if bytes.readerIndex > 65_536, bytes.readerIndex > bytes.readableBytes {
            // Read bytes are discarded only when they are most of the buffer, so bytes rarely move.
            bytes.discardReadBytes()
        }
    }

    /// The next byte; nil if it has not arrived.
    mutating func byte() -> UInt8? {
        bytes.readInteger()
    }

    /// The next big-endian u64; nil if it has not arrived completely.
    mutating func word() -> UInt64? {
        bytes.readInteger()
    }

    /// Decodes the next bytes in place; nil if they have not all arrived.
    mutating func decode<Value>(
        _ length: Int, _ body: (UnsafeRawBufferPointer) throws(WireError) -> Value
    ) throws(PeerWireError) -> Value? {
        guard count >= length else { return nil }
        let result = bytes.withUnsafeReadableBytes { readable -> Result<Value, WireError> in
            let memory = UnsafeRawBufferPointer(rebasing: readable[..<length])
            do throws(WireError) {
                return .success(try body(memory))
            } catch {
                return .failure(error)
            }
        }
        bytes.moveReaderIndex(forwardBy: length)
        switch result {
        case .success(let value): return value
        case .failure(let error): throw .malformed(error)
        }
    }

    /// Removes and returns the remaining bytes.
    mutating func takeAll() -> ByteBuffer {
        defer { bytes = ByteBuffer() }
        return bytes
    }
}

/// A length as an Int, if it is within a limit.
func checkedLength(_ announced: UInt64, bytesMax: Int) throws(PeerWireError) -> Int {
    guard announced <= UInt64(max(bytesMax, 0)) else {
        throw .limitExceeded(announcedBytes: announced, bytesMax: bytesMax)
    }
    return Int(announced)
}
