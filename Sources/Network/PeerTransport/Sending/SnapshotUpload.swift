import EtcdAPI
import Identifiers
import MonotonicClock
import NIOCore
import NIOHTTP1
import Raft

/// Sends one snapshot: its message and then its database, as the body of one request.
///
/// The database is read on the disk threads, one chunk ahead of the connection, so that only a few
/// chunks are in memory, whatever its size. Chunks are delayed as the source requests. It has an
/// event loop apart from that of the member's other connections, since encrypting much data would
/// delay their heartbeats.
///
/// - connecting: nothing is sent.
/// - sending: the body is being sent.
/// - awaiting: all is sent, the response is not complete.
/// - done: the result is reported, the database is closed.
final class SnapshotUpload: ResponseReceiver, @unchecked Sendable {  // owned by loop
    private enum State {
        case connecting
        case sending(OutgoingConnection)
        case awaiting(OutgoingConnection)
        case done
    }

    private let message: Raft.Message
    private let database: any SnapshotSource
    private let contact: PeerContact
    private let loop: any EventLoop
    /// Succeeds on the loop, last.
    private let finished: EventLoopPromise<Void>
    private let startTime = NIODeadline.now()
    private var state = State.connecting
    private var url: PeerURL?
    private var offset = 0
    private var isReading = false
    private var isDelayed = false
    /// A chunk that was read and waits for the connection.
    private var ready: ByteBuffer?
    private var totalBytes = 0
    private var response = PeerResponse(status: 0)
    private var limit: Scheduled<Void>?
    private var isCounted = false

    private static let chunkBytes = 256 << 10
    private static let responseBytesMax = 64 << 10

    init(
        _ message: Raft.Message, _ database: any SnapshotSource, _ contact: PeerContact,
        on loop: any EventLoop
    ) {
        self.message = message
        self.database = database
        self.contact = contact
        self.loop = loop
        finished = loop.makePromise()
    }

    /// Succeeds when the result is reported.
    var result: EventLoopFuture<Void> { finished.futureResult }

    private var index: LogIndex { message.snapshot?.index ?? .zero }

    /// - Parameter url: the URL of the member; nil if it has none.
    func start(to url: PeerURL?) {
        loop.execute { self.connect(to: url) }
    }

    private func connect(to url: PeerURL?) {
        guard case .connecting = state else { return }
        let configuration = contact.environment.configuration
        let record = RaftMessage(message)
        totalBytes = record.encodedSize + database.sizeBytes
        isCounted = contact.environment.statistics.begin(
            contact.id, \.snapshotsSending, limit: configuration.limits.sendingSnapshotsMax)
        guard isCounted else { return finish(.failed("too many snapshots are being sent")) }
        guard let head = SnapshotHead.encode(record) else {
            return finish(.failed("rafthttp: error limit exceeded"))
        }
        guard let url else { return finish(.failed("no URL")) }
        self.url = url
        contact.environment.delegate.record(
            .snapshotSending(to: contact.id, index: index, sizeBytes: totalBytes))
        OutgoingConnection.connect(
            to: url, on: loop, limits: configuration.dialLimits,
            timeouts: .init(write: configuration.snapshotStallTimeout),
            dialing: configuration.dialing
        ).whenComplete { result in
            switch result {
            case .success(let connection): self.begin(connection, head)
            case .failure(let error): self.finish(.failed("\(error)"))
            }
        }
    }

    /// Called on any thread.
    func stop() {
        loop.execute { self.finish(.failed(PeerConnectionError.stopped.description)) }
    }

    private func begin(_ connection: OutgoingConnection, _ first: ByteBuffer) {
        guard case .connecting = state, let url else { return connection.close(.stopped) }
        state = .sending(connection)
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/raft/snapshot")
        head.headers.add(name: "Host", value: url.authority)
        head.headers.add(name: "Transfer-Encoding", value: "chunked")
        head.headers.add(name: "Content-Type", value: "application/octet-stream")
        head.headers.add(contentsOf: contact.identification)
        connection.begin(head, isComplete: false, receiver: self)
        connection.write(first)
        proceed()
    }

    /// Writes the ready chunk, reads the next one, ends the body after the last one.
    private func proceed() {
        while case .sending(let connection) = state, let chunk = ready, connection.isWritable {
            ready = nil
            connection.write(chunk)
            scheduleNext(afterBytes: chunk.readableBytes)
        }
        guard case .sending(let connection) = state, ready == nil, !isReading, !isDelayed
        else { return }
        guard offset < database.sizeBytes else {
            state = .awaiting(connection)
            connection.endRequest()
            return awaitResponse(contact.environment.configuration.snapshotStallTimeout)
        }
        read()
    }

    private func scheduleNext(afterBytes bytes: Int) {
        let time = database.delay(afterBytes: bytes)
        guard time > .zero else { return }
        isDelayed = true
        loop.scheduleTask(in: TimeAmount(time)) {
            self.isDelayed = false
            self.proceed()
        }
    }

    private func read() {
        isReading = true
        let (database, offset) = (database, offset)
        let count = min(Self.chunkBytes, database.sizeBytes - offset)
        contact.environment.diskThreads.runIfActive(eventLoop: loop) {
            try Self.chunk(of: database, at: offset, count: count)
        }.whenComplete { result in
            self.isReading = false
            if case .done = self.state { return self.closeDatabase() }
            switch result {
            case .success(let chunk) where chunk.readableBytes > 0:
                self.offset += chunk.readableBytes
                self.ready = chunk
                self.proceed()
            case .success: self.finish(.failed("unexpected EOF"))
            case .failure(let error): self.finish(.failed("\(error)"))
            }
        }
    }

    private static func chunk(
        of database: any SnapshotSource, at offset: Int, count: Int
    ) throws -> ByteBuffer {
        var chunk = ByteBuffer()
        try chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { memory in
            let buffer = UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
            return min(max(try database.read(at: offset, into: buffer), 0), count)
        }
        return chunk
    }

    func becameWritable() { proceed() }

    /// Fails the exchange if it has not completed within this time.
    private func awaitResponse(_ timeout: TimeSpan) {
        limit?.cancel()
        limit = loop.scheduleTask(in: TimeAmount(timeout)) {
            self.finish(.failed(PeerConnectionError.responseTimeout.description))
        }
    }

    func receive(_ head: HTTPResponseHead) {
        response = PeerResponse(status: Int(head.status.code), headers: head.headers)
        awaitResponse(contact.environment.configuration.snapshotResponseTimeout)
    }

    func receive(_ body: ByteBuffer) {
        guard response.body.count + body.readableBytes <= Self.responseBytesMax else {
            return finish(
                .failed(
                    PeerConnectionError.responseTooLong(bytesMax: Self.responseBytesMax)
                        .description))
        }
        response.body.append(contentsOf: body.readableBytesView)
    }

    /// A response before all is sent is accepted: it has the error.
    func ended() {
        let postResult = contact.postResult(of: response, path: "\(url?.text ?? "")/raft/snapshot")
        if case .sending = state, postResult == .accepted {
            return finish(.failed("accepted before it was sent"))
        }
        finish(postResult)
    }

    func failed(_ error: PeerConnectionError) { finish(.failed(error.description)) }

    private func finish(_ postResult: PostResult) {
        switch state {
        case .sending(let connection), .awaiting(let connection):
            state = .done
            connection.close(.stopped)
        case .connecting: state = .done
        case .done: return
        }
        limit?.cancel()
        ready = nil
        if !isReading { closeDatabase() }
        report(postResult)
        finished.succeed()
    }

    /// Once, and not while it is read: its pages may be cut off afterwards.
    private func closeDatabase() {
        let database = database
        contact.environment.diskThreads.submit { _ in database.close() }
    }

    private func report(_ postResult: PostResult) {
        let environment = contact.environment
        if isCounted { environment.statistics.update(contact.id) { $0.snapshotsSending -= 1 } }
        guard postResult != .accepted else {
            contact.status.activate()
            let time = TimeSpan(NIODeadline.now() - startTime)
            environment.statistics.update(contact.id) {
                $0.sentBytes += totalBytes
                $0.snapshotsSent += 1
            }
            environment.configuration.measurements.snapshotSent(contact.id, time)
            environment.delegate.record(
                .snapshotSent(to: contact.id, index: index, sizeBytes: totalBytes))
            return environment.delegate.reportSnapshot(contact.id, isDelivered: true)
        }
        var reason = PostResult.removedText
        if case .failed(let text) = postResult {
            reason = text
        } else {
            environment.delegate.wasRemoved()
        }
        if let url { contact.loop.execute { self.contact.urlPicker.unreachable(url) } }
        contact.status.deactivate("post", on: "sendMsgSnap", reason)
        environment.statistics.update(contact.id) {
            $0.sendFailures += 1
            $0.snapshotSendFailures += 1
        }
        environment.delegate.record(
            .snapshotSendFailed(
                to: contact.id, index: index, sizeBytes: totalBytes, reason: reason))
        environment.delegate.reportUnreachable(contact.id)
        environment.delegate.reportSnapshot(contact.id, isDelivered: false)
    }
}
