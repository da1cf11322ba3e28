package import EtcdAPI
package import NIOCore

/// The beginning of a snapshot's body: a MsgSnap behind its length as a big-endian u64. The bytes
/// of the database follow up to the end of the body.
package enum SnapshotHead {
    /// The encoded beginning; nil when the message is longer than peers accept.
    package static func encode(_ message: RaftMessage) -> ByteBuffer? {
        let size = message.encodedSize
        guard size <= PeerWireLimit.snapshotHeadBytes else { return nil }
        var output = ByteBuffer()
        output.reserveCapacity(size + 8)
        MessageStreamEncoder.append(message, to: &output)
        return output
    }
}

/// Reads the beginning of a snapshot's body from pieces of any size, and hands the database on.
package struct SnapshotHeadDecoder: Sendable {
    private var messages: FramedMessages
    /// Whether the message was read: what comes from now on is the database.
    package private(set) var isComplete = false

    package init(limitBytes: Int = PeerWireLimit.snapshotHeadBytes) {
        messages = FramedMessages(limitBytes: limitBytes)
    }

    /// Takes the next piece of the body, as long as the head is not complete.
    ///
    /// - Returns: The message, and the first bytes of the database that came with it; nil when
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

    /// What a body that ends inside its head means, in the words of Go's reader.
    package var truncation: String {
        messages.isBetweenMessages ? "EOF" : "unexpected EOF"
    }
}
