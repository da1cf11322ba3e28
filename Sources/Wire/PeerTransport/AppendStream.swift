package import EtcdAPI

/// Where an append stream stands: both sides keep it, so that a message that goes on from the one
/// before needs no more than its entries.
private struct AppendPosition: Sendable {
    var term: UInt64 = 0
    var index: UInt64 = 0

    /// Moves behind a message that was sent whole.
    mutating func moveBehind(_ message: RaftMessage) {
        term = message.term
        index = message.entries.last?.index ?? message.index
    }
}

/// The kinds of frames.
private enum FrameKind {
    static let linkHeartbeat: UInt8 = 0
    static let continuation: UInt8 = 1
    static let message: UInt8 = 2
}

/// Writes the `msgapp` stream (etcd's second version of it). One for each connection.
package struct AppendStreamEncoder: Sendable {
    private var position = AppendPosition()

    package init() {}

    /// Appends the frame that only keeps the connection alive.
    package func appendLinkHeartbeat(to output: inout [UInt8]) {
        output.append(FrameKind.linkHeartbeat)
    }

    /// Appends one MsgApp: its entries and commit index alone where it goes on from the one
    /// before in the same term, else the whole message.
    package mutating func append(_ message: RaftMessage, to output: inout [UInt8]) {
        let goesOn =
            message.index == position.index && message.logTerm == position.term
            && message.logTerm == message.term
        guard goesOn else {
            output.append(FrameKind.message)
            MessageStreamEncoder.append(message, to: &output)
            return position.moveBehind(message)
        }
        output.append(FrameKind.continuation)
        output.append(word: UInt64(message.entries.count))
        for entry in message.entries {
            output.append(word: UInt64(entry.encodedSize))
            output.append(contentsOf: entry.encoded())
        }
        output.append(word: message.commit)
        position.index &+= UInt64(message.entries.count)
    }
}

/// Reads the `msgapp` stream from pieces of any size. One for each connection.
///
/// A continuation is given back as the whole MsgApp that it stands for. After an error nothing
/// more is read. It holds at most one incomplete message, the size of which is limited, and the
/// piece that was given last.
package struct AppendStreamDecoder: Sendable {
    /// What is read next.
    private enum Expectation {
        case kind
        case entryCount
        case entryLength
        case entry(Int)
        case commit
        case messageLength
        case message(Int)
    }

    private let local: UInt64
    private let remote: UInt64
    private let limitBytes: Int
    private var received = ReceivedBytes()
    private var position = AppendPosition()
    private var expectation = Expectation.kind
    /// The continuation that is being read.
    private var continuation = RaftMessage()
    private var entriesLeft: UInt64 = 0
    private var entriesBytes = 0

    /// - Parameters:
    ///   - local: this member, whom all messages are to.
    ///   - remote: the member at the other end, whom they are from.
    package init(local: UInt64, remote: UInt64, limitBytes: Int = PeerWireLimit.messageBytes) {
        self.local = local
        self.remote = remote
        self.limitBytes = limitBytes
    }

    /// Takes the next piece of the stream; read it out with `next` before the one after.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
        received.append(bytes)
    }

    /// The next frame; nil when more bytes are needed.
    package mutating func next() throws(PeerWireError) -> PeerFrame? {
        while true {
            switch expectation {
            case .kind:
                guard let kind = received.byte() else { return nil }
                if let frame = try begin(kind) { return frame }
            case .entryCount:
                guard let count = received.word() else { return nil }
                try beginContinuation(count)
            case .entryLength:
                guard let word = received.word() else { return nil }
                expectation = .entry(try entryLength(word))
            case .entry(let length):
                guard let bytes = received.slice(length) else { return nil }
                try take(entry: bytes)
            case .commit:
                guard let commit = received.word() else { return nil }
                continuation.commit = commit
                expectation = .kind
                return .message(continuation)
            case .messageLength:
                guard let word = received.word() else { return nil }
                expectation = .message(try checkedLength(word, limitBytes: limitBytes))
            case .message(let length):
                guard let bytes = received.slice(length) else { return nil }
                expectation = .kind
                let message = try decodedMessage(bytes)
                position.moveBehind(message)
                return .message(message)
            }
        }
    }

    private mutating func begin(_ kind: UInt8) throws(PeerWireError) -> PeerFrame? {
        switch kind {
        case FrameKind.linkHeartbeat: return .linkHeartbeat
        case FrameKind.continuation: expectation = .entryCount
        case FrameKind.message: expectation = .messageLength
        default: throw .unknownFrame(kind: kind)
        }
        return nil
    }

    private mutating func beginContinuation(_ count: UInt64) throws(PeerWireError) {
        // Each entry has a length of eight bytes in front of it, even an empty one.
        guard count <= UInt64(limitBytes / 8) else { throw .tooManyEntries(announced: count) }
        entriesLeft = count
        entriesBytes = 0
        continuation = RaftMessage(
            type: .append, to: local, from: remote, term: position.term,
            logTerm: position.term, index: position.index)
        expectation = count == 0 ? .commit : .entryLength
    }

    /// The entries of one message count together.
    private mutating func entryLength(_ word: UInt64) throws(PeerWireError) -> Int {
        let length = try checkedLength(word, limitBytes: limitBytes - entriesBytes)
        entriesBytes += length
        return length
    }

    private mutating func take(entry bytes: ArraySlice<UInt8>) throws(PeerWireError) {
        do throws(WireError) {
            continuation.entries.append(try RaftEntry(decoding: bytes))
        } catch {
            throw .malformed(error)
        }
        position.index &+= 1
        entriesLeft -= 1
        expectation = entriesLeft == 0 ? .commit : .entryLength
    }
}
