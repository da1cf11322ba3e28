package import EtcdAPI
package import NIOCore

/// Writes the `message` stream: each message behind its length as a big-endian u64.
package enum MessageStreamEncoder {
    /// The frame that only keeps the connection alive: a heartbeat from nobody to nobody.
    package static let linkHeartbeat: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 2, 8, 8]

    /// Appends one message.
    ///
    /// - Returns: The bytes of the message without its length.
    @discardableResult
    package static func append(_ message: RaftMessage, to output: inout ByteBuffer) -> Int {
        let size = message.encodedSize
        output.writeInteger(UInt64(size))
        output.write(message, size: size)
        return size
    }
}

extension ByteBuffer {
    /// Appends an encoding of a size that was computed before, in one pass.
    mutating func write(_ message: RaftMessage, size: Int) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { memory in
            var writer = WireWriter(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<size]))
            message.encode(into: &writer)
            return writer.count
        }
    }

    /// Appends an encoding of a size that was computed before, in one pass.
    mutating func write(_ entry: RaftEntry, size: Int) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { memory in
            var writer = WireWriter(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<size]))
            entry.encode(into: &writer)
            return writer.count
        }
    }
}

/// Reads the `message` stream from pieces of any size.
///
/// After an error nothing more is read. It holds at most one incomplete message, the size of which
/// is limited, and the piece that was given last.
package struct MessageStreamDecoder: Sendable {
    private var messages: FramedMessages

    package init(limitBytes: Int = PeerWireLimit.messageBytes) {
        messages = FramedMessages(limitBytes: limitBytes)
    }

    /// Takes the next piece of the stream; read it out with `next` before the one after.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
        messages.append(bytes)
    }

    /// Takes the next piece of the stream; read it out with `next` before the one after.
    package mutating func receive(_ bytes: ByteBuffer) {
        messages.append(bytes)
    }

    /// The next frame; nil when more bytes are needed.
    package mutating func next() throws(PeerWireError) -> PeerFrame? {
        guard let message = try messages.next() else { return nil }
        let isLinkHeartbeat = message.type == .heartbeat && message.from == 0 && message.to == 0
        return isLinkHeartbeat ? .linkHeartbeat : .message(message)
    }
}
