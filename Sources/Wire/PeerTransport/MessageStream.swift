package import EtcdAPI

/// Writes the `message` stream: each message behind its length as a big-endian u64.
package enum MessageStreamEncoder {
    /// The frame that only keeps the connection alive: a heartbeat from nobody to nobody.
    package static let linkHeartbeat: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 2, 8, 8]

    /// Appends one message.
    package static func append(_ message: RaftMessage, to output: inout [UInt8]) {
        output.append(word: UInt64(message.encodedSize))
        output.append(contentsOf: message.encoded())
    }
}

/// Reads the `message` stream from pieces of any size.
///
/// After an error nothing more is read. It holds at most one incomplete message, the size of which
/// is limited, and the piece that was given last.
package struct MessageStreamDecoder: Sendable {
    private var received = ReceivedBytes()
    private var length: Int?
    private let limitBytes: Int

    package init(limitBytes: Int = PeerWireLimit.messageBytes) {
        self.limitBytes = limitBytes
    }

    /// Takes the next piece of the stream; read it out with `next` before the one after.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
        received.append(bytes)
    }

    /// The next frame; nil when more bytes are needed.
    package mutating func next() throws(PeerWireError) -> PeerFrame? {
        if length == nil, let word = received.word() {
            length = try checkedLength(word, limitBytes: limitBytes)
        }
        guard let expected = length, let bytes = received.slice(expected) else { return nil }
        length = nil
        let message = try decodedMessage(bytes)
        let isLinkHeartbeat = message.type == .heartbeat && message.from == 0 && message.to == 0
        return isLinkHeartbeat ? .linkHeartbeat : .message(message)
    }
}
