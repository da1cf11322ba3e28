package import EtcdAPI
package import NIOCore

/// Encodes the `message` stream: each message is preceded by its length as a big-endian u64.
package enum MessageStreamEncoder {
    /// A link heartbeat, which only keeps the connection alive: a heartbeat from 0 to 0.
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
    /// Appends an encoding of a known size in one pass.
    mutating func write(_ message: RaftMessage, size: Int) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { memory in
            var writer = WireWriter(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<size]))
            message.encode(into: &writer)
            return writer.count
        }
    }

    /// Appends an encoding of a known size in one pass.
    mutating func write(_ entry: RaftEntry, size: Int) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { memory in
            var writer = WireWriter(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<size]))
            entry.encode(into: &writer)
            return writer.count
        }
    }
}

/// Decodes the `message` stream from chunks of any size.
///
/// After an error nothing more is decoded. It holds at most one incomplete message, whose size is
/// limited, and the latest chunk.
package struct MessageStreamDecoder: Sendable {
    private var messages: FramedMessages

    package init(bytesMax: Int = PeerWireLimit.messageBytes) {
        messages = FramedMessages(bytesMax: bytesMax)
    }

    /// Appends the next chunk of the stream; call `next` until nil before the next chunk.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
        messages.append(bytes)
    }

    /// Appends the next chunk of the stream; call `next` until nil before the next chunk.
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
