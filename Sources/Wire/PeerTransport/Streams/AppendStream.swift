package import EtcdAPI
package import NIOCore
package import Raft

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
    package func appendLinkHeartbeat(to output: inout ByteBuffer) {
        output.writeInteger(FrameKind.linkHeartbeat)
    }

    /// Appends one MsgApp: its entries and commit index alone where it goes on from the one
    /// before in the same term, else the whole message.
    package mutating func append(_ message: RaftMessage, to output: inout ByteBuffer) {
        guard goesOn(term: message.term, logTerm: message.logTerm, index: message.index) else {
            return appendWhole(message, to: &output)
        }
        appendContinuation(
            message.entries, count: message.entries.count, commit: message.commit, to: &output)
    }

    /// Appends one MsgApp of the machine's without a copy of its entries on the way.
    package mutating func append(_ message: Raft.Message, to output: inout ByteBuffer) {
        let goesOn = goesOn(
            term: message.term.rawValue, logTerm: message.logTerm.rawValue,
            index: message.index.rawValue)
        guard goesOn else { return appendWhole(RaftMessage(message), to: &output) }
        appendContinuation(
            message.entries.lazy.map { RaftEntry($0) }, count: message.entries.count,
            commit: message.commit.rawValue, to: &output)
    }

    private func goesOn(term: UInt64, logTerm: UInt64, index: UInt64) -> Bool {
        index == position.index && logTerm == position.term && logTerm == term
    }

    private mutating func appendWhole(_ message: RaftMessage, to output: inout ByteBuffer) {
        output.writeInteger(FrameKind.message)
        MessageStreamEncoder.append(message, to: &output)
        position.moveBehind(message)
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

    /// Takes the next piece of the stream; read it out with `next` before the one after.
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
                expectation = .message(try checkedLength(word, limitBytes: limitBytes))
            case .message(let length):
                let decoded = try received.decode(length) { bytes throws(WireError) in
                    try RaftMessage(decoding: bytes)
                }
                guard let message = decoded else { return nil }
                expectation = .kind
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

    private mutating func take(_ entry: RaftEntry) {
        continuation.entries.append(entry)
        position.index &+= 1
        entriesLeft -= 1
        expectation = entriesLeft == 0 ? .commit : .entryLength
    }
}
