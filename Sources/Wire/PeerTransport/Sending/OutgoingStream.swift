import EtcdAPI
import NIOCore
import NIOHTTP1
import Raft

/// The sending side of a stream that another member has opened: messages in the order in which
/// they were handed over, as the body of an answer without end.
///
/// What waits in the member's outbox is encoded only while the connection takes it, so a slow
/// member costs the outbox's limits and one piece. A heartbeat of the link goes out when the
/// connection has nothing to write, so that the other side knows that it lives.
final class OutgoingStream: @unchecked Sendable {  // state owned by channel.eventLoop
    let kind: PeerStreamKind
    private let peer: Peer
    private let channel: any Channel
    private var encoder = AppendStreamEncoder()
    private var pace = CatchUpPace()
    private var heartbeat: RepeatedTask?
    private var isClosed = false
    /// Whether the next piece has its turn on the loop already.
    private var isScheduled = false

    /// Bytes of messages that are encoded and written in one turn of the loop.
    static let pieceBytes = 128 << 10

    init(_ kind: PeerStreamKind, to peer: Peer, on channel: any Channel) {
        self.kind = kind
        self.peer = peer
        self.channel = channel
    }

    /// Begins to send; the head of the answer is written.
    func start() {
        channel.eventLoop.assertInEventLoop()
        let interval = TimeAmount.milliseconds(
            max(peer.environment.settings.readTimeoutMilliseconds / 3, 1))
        heartbeat = channel.eventLoop.scheduleRepeatedTask(
            initialDelay: interval, delay: interval
        ) { [weak self] _ in self?.sendHeartbeat() }
        drain()
    }

    /// Messages wait for the stream. Called on any thread.
    ///
    /// Also the loop itself comes back to it: what it is at has more to do than to wait for the
    /// socket, and may have more to send.
    func wake() {
        channel.eventLoop.execute { self.drain() }
    }

    /// Writes a piece of what waits, if the connection takes it. The next piece waits for its turn,
    /// and for the rest that the pace wants, so that a member that catches up keeps no other
    /// waiting.
    func drain() {
        guard !isScheduled, !isClosed, channel.isWritable,
            let messages = peer.take(for: self, bytesMaximum: Self.pieceBytes)
        else { return }
        isScheduled = true
        let piece = encoded(messages)
        let sentBytes = piece.readableBytes
        write(piece)
        // A flush may make the connection writable again before it returns.
        channel.flush()
        peer.environment.ledger.count(peer.id) { $0.sentBytes += sentBytes }
        continueDraining(after: pace.rest(after: messages, bytes: sentBytes))
    }

    private func continueDraining(after rest: TimeAmount) {
        let next: @Sendable () -> Void = {
            self.isScheduled = false
            self.drain()
        }
        if rest > .zero {
            channel.eventLoop.scheduleTask(in: rest, next)
        } else {
            channel.eventLoop.execute(next)
        }
    }

    private func encoded(_ messages: [Raft.Message]) -> ByteBuffer {
        var output = ByteBuffer()
        let entriesBytes = messages.reduce(0) { sum, message in
            message.entries.reduce(sum + 64) { $0 + $1.sizeBytes + 16 }
        }
        output.reserveCapacity(entriesBytes)
        for message in messages {
            switch kind {
            case .append: encoder.append(message, to: &output)
            case .message: MessageStreamEncoder.append(RaftMessage(message), to: &output)
            }
        }
        return output
    }

    private func sendHeartbeat() {
        // What is being written proves as much; if nothing moves, the write's timeout cuts.
        guard !isClosed, channel.isWritable else { return }
        var output = ByteBuffer()
        switch kind {
        case .append: encoder.appendLinkHeartbeat(to: &output)
        case .message: output.writeBytes(MessageStreamEncoder.linkHeartbeat)
        }
        write(output)
        channel.flush()
        peer.environment.ledger.count(peer.id) { $0.sentBytes += 2 }
    }

    private func write(_ piece: ByteBuffer) {
        channel.write(HTTPServerResponsePart.body(.byteBuffer(piece)), promise: nil)
    }

    /// Ends the stream from this side. Called on any thread.
    func close(reason: PeerConnectionError) {
        channel.eventLoop.execute {
            self.connectionEnded(reason: reason.description)
            self.channel.close(promise: nil)
        }
    }

    /// The connection is gone.
    func connectionEnded(reason: String) {
        guard !isClosed else { return }
        isClosed = true
        heartbeat?.cancel()
        heartbeat = nil
        peer.detach(self, reason: reason)
    }
}
