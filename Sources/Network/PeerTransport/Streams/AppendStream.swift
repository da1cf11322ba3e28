package import EtcdAPI
package import Identifiers
package import NIOCore
package import Raft

/// Position of an append stream: both sides track it, so that a message that continues the previous
/// one needs only its entries.
private struct AppendPosition: Sendable {
    var term: UInt64 = 0
    var index: UInt64 = 0

    /// Moves to the end of a message that was sent in full.
    mutating func advance(past message: RaftMessage) {
        term = message.term
        index = message.entries.last?.index ?? message.index
    }
}

/// The types of frames.
private enum FrameKind {
    static let linkHeartbeat: UInt8 = 0
    static let continuation: UInt8 = 1
    static let message: UInt8 = 2
}

/// Encodes the `msgapp` stream (etcd's msgappv2). One for each connection.
package struct AppendStreamEncoder: Sendable {
    private var position = AppendPosition()

    package init() {}

    /// Appends a link heartbeat, which only keeps the connection alive.
    package func appendLinkHeartbeat(to output: inout ByteBuffer) {
        output.writeInteger(FrameKind.linkHeartbeat)
    }

    /// Appends one MsgApp: only its entries and commit index if it continues the previous one in
    /// the same term, else the whole message.
    package mutating func append(_ message: RaftMessage, to output: inout ByteBuffer) {
        guard isContinuation(term: message.term, logTerm: message.logTerm, index: message.index)
        else { return appendWhole(message, to: &output) }
        appendContinuation(
            message.entries, count: message.entries.count, commit: message.commit, to: &output)
    }

    /// Appends one MsgApp of the Raft machine without copying its entries.
    package mutating func append(_ message: Raft.Message, to output: inout ByteBuffer) {
        let isContinuation = isContinuation(
            term: message.term.rawValue, logTerm: message.logTerm.rawValue,
            index: message.index.rawValue)
        guard isContinuation else { return appendWhole(RaftMessage(message), to: &output) }
        appendContinuation(
            message.entries.lazy.map { RaftEntry($0) }, count: message.entries.count,
            commit: message.commit.rawValue, to: &output)
    }

    private func isContinuation(term: UInt64, logTerm: UInt64, index: UInt64) -> Bool {
        index == position.index && logTerm == position.term && logTerm == term
    }

    private mutating func appendWhole(_ message: RaftMessage, to output: inout ByteBuffer) {
        output.writeInteger(FrameKind.message)
        MessageStreamEncoder.append(message, to: &output)
        position.advance(past: message)
    }

    private mutating func appendContinuation(
        _ entries: some Sequence<RaftEntry>, count: Int, commit: UInt64,
        to output: inout ByteBuffer
    ) {
        output.writeInteger(FrameKind.continuation)
        output.writeInteger(UInt64(count))
        for entry in entries {
            let size = entry.encodedSize
            output.writeInteger(UInt64(size))
            output.write(entry, size: size)
        }
        output.writeInteger(commit)
        position.index &+= UInt64(count)
    }
}

/// Decodes the `msgapp` stream from chunks of any size. One for each connection.
///
/// A continuation is returned as a complete MsgApp. After an error nothing more is decoded. It
/// holds at most one incomplete message, whose size is limited, and the latest chunk.
package struct AppendStreamDecoder: Sendable {
    /// The next element.
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
    private let bytesMax: Int
    private var received = ReceivedBytes()
    private var position = AppendPosition()
    private var expectation = Expectation.kind
    /// The continuation that is being decoded.
    private var continuation = RaftMessage()
    private var entriesLeft: UInt64 = 0
    private var entriesBytes = 0

    /// - Parameters:
    ///   - local: this member, the receiver of all messages.
    ///   - remote: the member at the other end, their sender.
    package init(local: MemberID, remote: MemberID, bytesMax: Int = PeerWireLimit.messageBytes) {
        self.local = local.rawValue
        self.remote = remote.rawValue
        self.bytesMax = bytesMax
    }

    /// Appends the next chunk of the stream; call `next` until nil before the next chunk.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
        received.append(bytes)
    }

    /// Appends the next chunk of the stream; call `next` until nil before the next chunk.
    package mutating func receive(_ bytes: ByteBuffer) {
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
                let decoded = try received.decode(length) { bytes throws(WireError) in
                    try RaftEntry(decoding: bytes)
                }
                guard let entry = decoded else { return nil }
                take(entry)
            case .commit:
                guard let commit = received.word() else { return nil }
                var message = RaftMessage()
                swap(&message, &continuation)
                message.commit = commit
                expectation = .kind
                return .message(message)
            case .messageLength:
                guard let word = received.word() else { return nil }
                expectation = .message(try checkedLength(word, bytesMax: bytesMax))
            case .message(let length):
                let decoded = try received.decode(length) { bytes throws(WireError) in
                    try RaftMessage(decoding: bytes)
                }
                guard let message = decoded else { return nil }
                expectation = .kind
                position.advance(past: message)
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
        // Each entry, even an empty one, is preceded by a length of eight bytes.
        guard count <= UInt64(bytesMax / 8) else { throw .tooManyEntries(announced: count) }
        entriesLeft = count
        entriesBytes = 0
        continuation = RaftMessage(
            type: .append, to: local, from: remote, term: position.term,
            logTerm: position.term, index: position.index)
        expectation = count == 0 ? .commit : .entryLength
    }

    /// The limit applies to all entries of one message together.
    private mutating func entryLength(_ word: UInt64) throws(PeerWireError) -> Int {
        let length = try checkedLength(word, bytesMax: bytesMax - entriesBytes)
        entriesBytes += length
        return length
    }

    private mutating func take(_ entry: RaftEntry) {
        continuation.entries.append(entry)
        position.index &+= 1
        entriesLeft -= 1
        expectation = entriesLeft == 0 ? .commit : .entryLength
    }
}
