package import EtcdAPI
package import NIOCore

/// The head of a snapshot's body: a MsgSnap, preceded by its length as a big-endian u64. The bytes
/// of the database follow until the end of the body.
package enum SnapshotHead {
    /// The encoded head; nil if the message is longer than peers accept.
    package static func encode(_ message: RaftMessage) -> ByteBuffer? {
        let size = message.encodedSize
        guard size <= PeerWireLimit.snapshotHeadBytes else { return nil }
        var output = ByteBuffer()
        output.reserveCapacity(size + 8)
        MessageStreamEncoder.append(message, to: &output)
        return output
    }
}

/// Decodes the head of a snapshot's body from chunks of any size, and returns the database bytes.
package struct SnapshotHeadDecoder: Sendable {
    private var messages: FramedMessages
    /// Whether the message is decoded: all later bytes are the database.
    package private(set) var isComplete = false

    package init(bytesMax: Int = PeerWireLimit.snapshotHeadBytes) {
        messages = FramedMessages(bytesMax: bytesMax)
    }

    /// Appends the next chunk of the body. Only called until the head is complete.
    ///
    /// - Returns: The message, and the first bytes of the database that arrived with it; nil if
    ///   more is needed.
    package mutating func receive(
        _ bytes: ByteBuffer
    ) throws(PeerWireError) -> (message: RaftMessage, database: ByteBuffer)? {
        precondition(!isComplete, "a snapshot has one head")
        messages.append(bytes)
        guard let message = try messages.next() else { return nil }
        isComplete = true
        return (message, messages.takeAll())
    }

    /// The error text for a body that ends within its head, as in Go's reader.
    package var truncation: String {
        messages.isBetweenMessages ? "EOF" : "unexpected EOF"
    }
}
