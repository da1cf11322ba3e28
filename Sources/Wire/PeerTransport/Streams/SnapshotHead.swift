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
    private var received = ReceivedBytes()
    private var length: Int?
    private let limitBytes: Int
    /// Whether the message was read: what comes from now on is the database.
    package private(set) var isComplete = false

    package init(limitBytes: Int = PeerWireLimit.snapshotHeadBytes) {
        self.limitBytes = limitBytes
    }

    /// Takes the next piece of the body, as long as the head is not complete.
    ///
    /// - Returns: The message, and the first bytes of the database that came with it; nil when
    ///   more is needed.
    package mutating func receive(
        _ bytes: ByteBuffer
    ) throws(PeerWireError) -> (message: RaftMessage, database: ByteBuffer)? {
        precondition(!isComplete, "a snapshot has one head")
        received.append(bytes)
        if length == nil, let word = received.word() {
            length = try checkedLength(word, limitBytes: limitBytes)
        }
        guard let expected = length else { return nil }
        let decoded = try received.decode(expected) { bytes throws(WireError) in
            try RaftMessage(decoding: bytes)
        }
        guard let message = decoded else { return nil }
        isComplete = true
        return (message, received.takeAll())
    }

    /// What a body that ends inside its head means, in the words of Go's reader.
    package var truncation: String {
        length == nil && received.count == 0 ? "EOF" : "unexpected EOF"
    }
}
