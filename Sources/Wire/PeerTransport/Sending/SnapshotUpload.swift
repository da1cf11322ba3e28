import EtcdAPI
import NIOCore
import NIOHTTP1
import Raft

/// Sends one snapshot: its message and then its database, as the body of one request.
///
/// The database is read on the disk threads, one piece ahead of what the connection takes, so
/// that whatever its size no more than a few pieces are in memory. Between pieces there are the
/// rests that the source asks for.
///
/// - connecting: nothing is sent.
/// - sending: the body goes out.
/// - awaiting: all is sent, the answer has not come whole.
/// - done: reported, the database is closed.
final class SnapshotUpload: AnswerReceiver, @unchecked Sendable {  // owned by contact.loop
    private enum State {
        case connecting
        case sending(OutgoingConnection)
        case awaiting(OutgoingConnection)
        case done
    }

    private let message: Raft.Message
    private let database: any SnapshotSource
    private let contact: PeerContact
    private let begun = NIODeadline.now()
    private var state = State.connecting
    private var url: PeerURL?
    private var offset = 0
    private var isReading = false
    private var isResting = false
    /// A piece that was read and waits for the connection.
    private var ready: ByteBuffer?
    private var totalBytes = 0
    private var answer = PeerResponse(status: 0)
    private var limit: Scheduled<Void>?
    private var completed: (() -> Void)?
    private var isCounted = false

    private static let pieceBytes = 256 << 10
    private static let answerBytes = 64 << 10

    init(_ message: Raft.Message, _ database: any SnapshotSource, _ contact: PeerContact) {
        self.message = message
        self.database = database
        self.contact = contact
    }

    private var index: LogIndex { message.snapshot?.index ?? .zero }

    /// - Parameter completed: called once, last.
    func start(completed: @escaping () -> Void) {
        self.completed = completed
        let settings = contact.environment.settings
        let record = RaftMessage(message)
        totalBytes = record.encodedSize + database.sizeBytes
        isCounted = contact.environment.ledger.begin(
            contact.id, \.snapshotsSending, maximum: settings.limits.sendingSnapshots)
        guard isCounted else { return finish(.failed("too many snapshots are being sent")) }
        guard let head = SnapshotHead.encode(record) else {
            return finish(.failed("rafthttp: error limit exceeded"))
        }
        guard !contact.isStopped, let url = contact.choice.current else {
            return finish(.failed(contact.isStopped ? "stopped" : "no URL"))
        }
        self.url = url
        contact.environment.owner.note(
            .snapshotSending(to: contact.id, index: index, sizeBytes: totalBytes))
        OutgoingConnection.connect(
            to: url, on: contact.loop, dialMilliseconds: settings.dialTimeoutMilliseconds,
            timeouts: .init(writeMilliseconds: settings.snapshotStallTimeoutMilliseconds),
            encrypt: settings.encryptOutgoing
        ).whenComplete { result in
            switch result {
            case .success(let connection): self.begin(connection, head)
            case .failure(let error): self.finish(.failed("\(error)"))
            }
        }
    }

    func stop() { finish(.failed(PeerConnectionError.stopped.description)) }

    private func begin(_ connection: OutgoingConnection, _ first: ByteBuffer) {
        guard case .connecting = state, let url else { return connection.close(.stopped) }
        state = .sending(connection)
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/raft/snapshot")
        head.headers.add(name: "Host", value: url.authority)
        head.headers.add(name: "Transfer-Encoding", value: "chunked")
        head.headers.add(name: "Content-Type", value: "application/octet-stream")
        head.headers.add(contentsOf: contact.identification)
        connection.begin(head, isWhole: false, receiver: self)
        connection.write(first)
        proceed()
    }

    /// Writes what is ready, reads the next piece, ends the body behind the last one.
    private func proceed() {
        while case .sending(let connection) = state, let piece = ready, connection.isWritable {
            ready = nil
            connection.write(piece)
            rest(afterBytes: piece.readableBytes)
        }
        guard case .sending(let connection) = state, ready == nil, !isReading, !isResting
        else { return }
        guard offset < database.sizeBytes else {
            state = .awaiting(connection)
            connection.endRequest()
            return awaitAnswer(contact.environment.settings.snapshotStallTimeoutMilliseconds)
        }
        read()
    }

    private func rest(afterBytes bytes: Int) {
        let time = database.rest(afterBytes: bytes)
        guard time > .zero else { return }
        isResting = true
        contact.loop.scheduleTask(in: time) {
            self.isResting = false
            self.proceed()
        }
    }

    private func read() {
        isReading = true
        let (database, offset) = (database, offset)
        let count = min(Self.pieceBytes, database.sizeBytes - offset)
        contact.environment.diskThreads.runIfActive(eventLoop: contact.loop) {
            try Self.piece(of: database, at: offset, count: count)
        }.whenComplete { result in
            self.isReading = false
            switch result {
            case .success(let piece) where piece.readableBytes > 0:
                self.offset += piece.readableBytes
                self.ready = piece
                self.proceed()
            case .success: self.finish(.failed("unexpected EOF"))
            case .failure(let error): self.finish(.failed("\(error)"))
            }
        }
    }

    private static func piece(
        of database: any SnapshotSource, at offset: Int, count: Int
    ) throws -> ByteBuffer {
        var piece = ByteBuffer()
        try piece.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { memory in
            let place = UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
            return min(max(try database.read(at: offset, into: place), 0), count)
        }
        return piece
    }

    func becameWritable() { proceed() }

    /// Fails the exchange if it has not ended by then.
    private func awaitAnswer(_ milliseconds: Int64) {
        limit?.cancel()
        limit = contact.loop.scheduleTask(in: .milliseconds(milliseconds)) {
            self.finish(.failed(PeerConnectionError.answerTimeout.description))
        }
    }

    func receive(_ head: HTTPResponseHead) {
        answer = PeerResponse(status: Int(head.status.code), headers: head.headers)
        awaitAnswer(contact.environment.settings.snapshotAnswerTimeoutMilliseconds)
    }

    func receive(_ body: ByteBuffer) {
        guard answer.body.count + body.readableBytes <= Self.answerBytes else {
            return finish(
                .failed(
                    PeerConnectionError.answerTooLong(limitBytes: Self.answerBytes).description))
        }
        answer.body.append(contentsOf: body.readableBytesView)
    }

    /// An answer that comes before all is sent counts: it says what was wrong.
    func ended() {
        let verdict = contact.verdict(on: answer, path: "\(url?.text ?? "")/raft/snapshot")
        if case .sending = state, verdict == .accepted {
            return finish(.failed("accepted before it was sent"))
        }
        finish(verdict)
    }

    func failed(_ error: PeerConnectionError) { finish(.failed(error.description)) }

    private func finish(_ verdict: PostVerdict) {
        switch state {
        case .sending(let connection), .awaiting(let connection):
            state = .done
            connection.close(.stopped)
        case .connecting: state = .done
        case .done: return
        }
        limit?.cancel()
        ready = nil
        let database = database
        contact.environment.diskThreads.submit { _ in database.close() }
        report(verdict)
        completed?()
        completed = nil
    }

    private func report(_ verdict: PostVerdict) {
        let environment = contact.environment
        if isCounted { environment.ledger.count(contact.id) { $0.snapshotsSending -= 1 } }
        guard verdict != .accepted else {
            contact.status.activate()
            let seconds = Double((NIODeadline.now() - begun).nanoseconds) / 1e9
            environment.ledger.count(contact.id) {
                $0.sentBytes += totalBytes
                $0.snapshotsSent += 1
            }
            environment.settings.measurements.snapshotSent(contact.id, seconds)
            environment.owner.note(
                .snapshotSent(to: contact.id, index: index, sizeBytes: totalBytes))
            return environment.owner.reportSnapshot(contact.id, isDelivered: true)
        }
        var reason = PostVerdict.removedText
        if case .failed(let text) = verdict {
            reason = text
        } else {
            environment.owner.wasRemoved()
        }
        if let url { contact.choice.failed(url) }
        contact.status.deactivate("post", on: "sendMsgSnap", reason)
        environment.ledger.count(contact.id) {
            $0.sendFailures += 1
            $0.snapshotSendFailures += 1
        }
        environment.owner.note(
            .snapshotNotSent(
                to: contact.id, index: index, sizeBytes: totalBytes, reason: reason))
        environment.owner.reportUnreachable(contact.id)
        environment.owner.reportSnapshot(contact.id, isDelivered: false)
    }
}
