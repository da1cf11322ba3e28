import EtcdAPI
import NIOCore

/// Bytes that came from a stream and are not read yet.
struct ReceivedBytes: Sendable {
    private var bytes = ByteBuffer()

    var count: Int { bytes.readableBytes }

    /// Memory kept for the next message after a great one was read.
    private static let keptBytes = 1 << 20

    mutating func append(_ more: UnsafeRawBufferPointer) {
        makeRoom()
        bytes.writeBytes(more)
    }

    /// Takes a piece over as it is when nothing is left of the one before.
    mutating func append(_ more: ByteBuffer) {
        guard bytes.readableBytes > 0 else {
            bytes = more
            return
        }
        makeRoom()
        bytes.writeImmutableBuffer(more)
    }

    private mutating func makeRoom() {
        if bytes.readableBytes == 0 {
            if bytes.capacity > Self.keptBytes { bytes = ByteBuffer() }
            bytes.clear()
        } else if bytes.readerIndex > 65_536, bytes.readerIndex > bytes.readableBytes {
            // What was read is dropped when it is most of the memory, so each byte moves seldom.
            bytes.discardReadBytes()
        }
    }

    /// The next byte; nil when it has not come.
    mutating func byte() -> UInt8? {
        bytes.readInteger()
    }

    /// The next big-endian u64; nil when it has not come whole.
    mutating func word() -> UInt64? {
        bytes.readInteger()
    }

    /// Decodes the next bytes in place; nil when they have not all come.
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

    /// All that is left.
    mutating func takeAll() -> ByteBuffer {
        defer { bytes = ByteBuffer() }
        return bytes
    }
}

/// A length as an Int, if it is within a limit.
func checkedLength(_ announced: UInt64, limitBytes: Int) throws(PeerWireError) -> Int {
    guard announced <= UInt64(max(limitBytes, 0)) else {
        throw .limitExceeded(announcedBytes: announced, limitBytes: limitBytes)
    }
    return Int(announced)
}
