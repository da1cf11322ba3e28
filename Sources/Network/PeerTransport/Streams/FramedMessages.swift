import EtcdAPI
import NIOCore

/// Decodes messages that are each preceded by a length as a big-endian u64, from chunks of any
/// size.
///
/// It holds at most one incomplete message, whose size is limited, and the latest chunk.
struct FramedMessages: Sendable {
    private var received = ReceivedBytes()
    private var length: Int?
    private let bytesMax: Int

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// Whether no byte of the next message has arrived.
    var isBetweenMessages: Bool { length == nil && received.count == 0 }

    mutating func append(_ bytes: UnsafeRawBufferPointer) { received.append(bytes) }

    mutating func append(_ bytes: ByteBuffer) { received.append(bytes) }

    /// The next message; nil when more bytes are needed.
    mutating func next() throws(PeerWireError) -> RaftMessage? {
        if length == nil, let word = received.word() {
            length = try checkedLength(word, bytesMax: bytesMax)
        }
        guard let expected = length else { return nil }
        let message = try received.decode(expected) { bytes throws(WireError) in
            try RaftMessage(decoding: bytes)
        }
        if message != nil { length = nil }
        return message
    }

    /// Removes and returns all bytes after the last message.
    mutating func takeAll() -> ByteBuffer { received.takeAll() }
}
