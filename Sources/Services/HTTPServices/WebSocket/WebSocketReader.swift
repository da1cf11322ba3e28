/// Reads the frames that a WebSocket client sends (RFC 6455 section 5), and joins the fragments of
/// its messages.
package struct WebSocketReader {
    package enum Event: Equatable {
        /// A message, text or binary.
        case message([UInt8])
        /// A ping; a pong with its content follows.
        case ping([UInt8])
        /// The client closes, with this status if it names one.
        case close(status: UInt16?)
        /// The connection fails with this status.
        case failure(status: UInt16)
    }

    /// The statuses of a connection that fails.
    static let protocolError: UInt16 = 1002
    static let messageTooLarge: UInt16 = 1009

    private let messageBytesMax: Int
    private var received: [UInt8] = []
    /// The end of the frames that have been read.
    private var readEnd = 0
    /// The fragments of the current message; nil between messages.
    private var fragments: [UInt8]?

    package init(messageBytesMax: Int) {
        self.messageBytesMax = messageBytesMax
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        received.removeFirst(readEnd)
        readEnd = 0
        received.append(contentsOf: bytes)
    }

    /// The next event; nil when more bytes are needed. Nothing follows a failure.
    package mutating func next() -> Event? {
        while let frame = nextFrame() {
            guard let frame = frame.value else { return .failure(status: frame.status) }
            if let event = read(frame) { return event }
        }
        return nil
    }

    private struct Frame {
        let isFinal: Bool
        let operation: UInt8
        let content: [UInt8]

        var isControl: Bool { operation >= 8 }
    }

    private mutating func read(_ frame: Frame) -> Event? {
        switch frame.operation {
        case 0:
            guard let earlier = fragments else { return .failure(status: Self.protocolError) }
            return join(earlier, frame)
        case 1, 2:
            guard fragments == nil else { return .failure(status: Self.protocolError) }
            return join([], frame)
        case 8:
            let status = frame.content.prefix(2).reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
            return .close(status: frame.content.count < 2 ? nil : status)
        case 9: return .ping(frame.content)
        case 10: return nil
        default: return .failure(status: Self.protocolError)
        }
    }

    private mutating func join(_ earlier: [UInt8], _ frame: Frame) -> Event? {
        guard earlier.count + frame.content.count <= messageBytesMax else {
            return .failure(status: Self.messageTooLarge)
        }
        let joined = earlier.isEmpty ? frame.content : earlier + frame.content
        fragments = frame.isFinal ? nil : joined
        return frame.isFinal ? .message(joined) : nil
    }

    /// The next complete frame, or the status with which it is refused.
    private mutating func nextFrame() -> (value: Frame?, status: UInt16)? {
        let rest = received[readEnd...]
        guard rest.count >= 2 else { return nil }
        let (first, second) = (rest[readEnd], rest[readEnd + 1])
        let operation = first & 0xF
        // Reserved bits are of extensions, of which there are none; clients mask what they send.
        guard first & 0x70 == 0, second & 0x80 != 0 else { return (nil, Self.protocolError) }
        var (length, headBytes) = (UInt64(second & 0x7F), 2)
        if operation >= 8, length > 125 || first & 0x80 == 0 { return (nil, Self.protocolError) }
        if length >= 126 {
            let lengthBytes = length == 126 ? 2 : 8
            guard rest.count >= 2 + lengthBytes else { return nil }
            length = rest.dropFirst(2).prefix(lengthBytes).reduce(0) { $0 << 8 | UInt64($1) }
            headBytes += lengthBytes
        }
        guard length <= UInt64(messageBytesMax) else { return (nil, Self.messageTooLarge) }
        let total = headBytes + 4 + Int(length)
        guard rest.count >= total else { return nil }
        let mask = Array(rest.dropFirst(headBytes).prefix(4))
        var content = Array(rest.dropFirst(headBytes + 4).prefix(Int(length)))
        for index in content.indices { content[index] ^= mask[index & 3] }
        readEnd += total
        return (Frame(isFinal: first & 0x80 != 0, operation: operation, content: content), 0)
    }
}

/// Frames of the server.
enum WebSocketFrame {
    enum Operation: UInt8 {
        case text = 1
        case close = 8
        case pong = 10
    }

    static func encode(_ operation: Operation, _ content: some Collection<UInt8>) -> [UInt8] {
        var frame = [0x80 | operation.rawValue]
        let count = content.count
        switch count {
        case 0..<126: frame.append(UInt8(count))
        case 126...Int(UInt16.max):
            frame.append(126)
            frame += [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
        default:
            frame.append(127)
            frame += (0..<8).reversed().map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        }
        return frame + content
    }

    static func close(_ status: UInt16?) -> [UInt8] {
        encode(.close, status.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } ?? [])
    }
}
