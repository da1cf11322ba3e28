import EtcdAPI
import MonotonicClock
import NIOCore
import NIOHTTP1
import Raft

/// The sending side of a stream that another member has opened: messages in the order in which
/// they were queued, as the body of a response that never ends.
///
/// Messages in the peer's outbox are encoded only while the connection is writable, so the memory
/// for a slow member is limited to the outbox and one chunk. A link heartbeat is sent when the
/// connection has nothing to write, so that the other side knows that it is alive.
final class OutgoingStream: @unchecked Sendable {  // state owned by channel.eventLoop
    let kind: PeerStreamKind
    private let peer: Peer
    private let channel: any Channel
    private var encoder = AppendStreamEncoder()
    private var pace = CatchUpPace()
    private var heartbeat: RepeatedTask?
    private var isClosed = false
    /// Whether the next drain is already scheduled on the event loop.
    private var isScheduled = false

    /// Bytes of messages that are encoded and written in one tick of the event loop.
    static let chunkBytes = 128 << 10

    init(_ kind: PeerStreamKind, to peer: Peer, on channel: any Channel) {
        self.kind = kind
        self.peer = peer
        self.channel = channel
    }

    /// Starts sending; the response head is already written.
    func start() {
        channel.eventLoop.assertInEventLoop()
        let interval = TimeAmount(
            max(peer.environment.configuration.readTimeout / 3, .milliseconds(1)))
        heartbeat = channel.eventLoop.scheduleRepeatedTask(
            initialDelay: interval, delay: interval
        ) { [weak self] _ in self?.sendHeartbeat() }
        drain()
    }

    /// Schedules a drain since messages are queued. Called on any thread.
    ///
    /// The drain is deferred even on the event loop itself: the current task has more to do than
    /// wait for the socket, and may queue more messages.
    func wake() {
        channel.eventLoop.execute { self.drain() }
    }

    /// Writes one chunk of the queued messages, if the connection is writable. The next chunk is
    /// scheduled on the event loop, after the delay of the pace, so that a member that catches up
    /// does not delay others.
    func drain() {
        guard !isScheduled, !isClosed, channel.isWritable,
            let messages = peer.take(for: self, bytesMax: Self.chunkBytes)
        else { return }
        isScheduled = true
        let chunk = encoded(messages)
        let sentBytes = chunk.readableBytes
        write(chunk)
        // A flush may make the connection writable again before it returns; `isScheduled` prevents
        // a nested drain.
        channel.flush()
        peer.environment.statistics.update(peer.id) { $0.sentBytes += sentBytes }
        continueDraining(after: pace.delay(after: messages, bytes: sentBytes))
    }

    private func continueDraining(after delay: TimeSpan) {
        let next: @Sendable () -> Void = {
            self.isScheduled = false
            self.drain()
        }
        if delay > .zero {
            channel.eventLoop.scheduleTask(in: TimeAmount(delay), next)
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
        // Pending writes show the same; if they make no progress, the write timeout closes it.
        guard !isClosed, channel.isWritable else { return }
        var output = ByteBuffer()
        switch kind {
        case .append: encoder.appendLinkHeartbeat(to: &output)
        case .message: output.writeBytes(MessageStreamEncoder.linkHeartbeat)
        }
        write(output)
        channel.flush()
        peer.environment.statistics.update(peer.id) { $0.sentBytes += 2 }
    }

    private func write(_ chunk: ByteBuffer) {
        channel.write(HTTPServerResponsePart.body(.byteBuffer(chunk)), promise: nil)
    }

    /// Closes the stream from this side. Called on any thread.
    func close(reason: PeerConnectionError) {
        channel.eventLoop.execute {
            self.connectionEnded(reason: reason.description)
            self.channel.close(promise: nil)
        }
    }

    /// The connection is closed.
    func connectionEnded(reason: String) {
        guard !isClosed else { return }
        isClosed = true
        heartbeat?.cancel()
        heartbeat = nil
        peer.detach(self, reason: reason)
    }
}
