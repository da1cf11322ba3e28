import NIOCore
import NIOHTTP1

// Request bodies, and what they take: memory, and the time of the event loop.
extension IncomingConnection {
    func collect(
        _ chunk: ByteBuffer, _ head: HTTPRequestHead, _ route: PeerRoute, _ limit: Int,
        _ context: ChannelHandlerContext
    ) {
        guard body.readableBytes + chunk.readableBytes <= limit else {
            return refuse(head, Self.tooLarge)
        }
        guard buffer(chunk.readableBytes, of: head) else { return refuse(head, Self.busy) }
        if body.readableBytes == 0 {
            body = chunk
        } else {
            body.writeImmutableBuffer(chunk)
        }
    }

    /// Counts bytes of a request that stay in memory; false if there are too many of them.
    func buffer(_ bytes: Int, of head: HTTPRequestHead) -> Bool {
        if buffered.bytes == 0 { buffered = .init(isStranger: !transport.isFromMember(head)) }
        return transport.bufferedRequests.add(bytes, to: &buffered)
    }

    func dropBody() {
        body = ByteBuffer()
        transport.bufferedRequests.remove(&buffered)
    }

    /// Passes a chunk of a snapshot on. Its message is collected in memory first.
    func receive(
        _ chunk: ByteBuffer, _ head: HTTPRequestHead, _ receiver: SnapshotReceiver,
        _ context: ChannelHandlerContext
    ) {
        guard receiver.isReadingHead else { return receiver.receive(chunk) }
        guard buffer(chunk.readableBytes, of: head) else {
            return receiver.refuse(503, "too many requests are buffered")
        }
        receiver.receive(chunk)
        guard !receiver.isReadingHead else { return }
        transport.bufferedRequests.remove(&buffered)
        if receiver.isStoring { _ = begin(.transfer, context) }
    }

    /// Begins to use the connection's loop for long; false if it must not be used for this.
    func begin(_ use: PeerLoopTable.Use, _ context: ChannelHandlerContext) -> Bool {
        guard let loops = transport.loops else { return true }
        guard case .admitted(let movesHandshakes) = loops.begin(use, on: context.eventLoop) else {
            return false
        }
        self.use = use
        if movesHandshakes { transport.closeKeptAlive(on: context.eventLoop) }
        return true
    }

    func endUse(_ context: ChannelHandlerContext) {
        if let use = use.take() { transport.loops?.end(use, on: context.eventLoop) }
    }
}
