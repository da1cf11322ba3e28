import EtcdAPI
import Identifiers
import MonotonicClock
import NIOCore
import Raft

/// Receives one snapshot: its message, then its database, which is written to disk on the disk
/// threads while more is read.
///
/// At most `waitingBytesMax` wait for the disk, plus one read of the socket; then reading from the
/// connection pauses until they are written.
///
/// - head: the message is read.
/// - opening: the destination of the database is being opened.
/// - storing: chunks are written as they arrive.
/// - finishing: all is written and is being made durable.
/// - done: succeeded or failed; the destination is finished or abandoned.
final class SnapshotReceiver: @unchecked Sendable {  // owned by loop
    private enum State {
        case head
        case opening
        case storing(any SnapshotDestination)
        case finishing
        case done
    }

    private let environment: PeerEnvironment
    private let loop: any EventLoop
    private let startTime = NIODeadline.now()
    private var state = State.head
    private var decoder = SnapshotHeadDecoder()
    private var message: Raft.Message?
    private var messageBytes = 0
    private var databaseBytes = 0
    private var waiting: [ByteBuffer] = []
    private var waitingBytes = 0
    private var isWriting = false
    private var isComplete = false
    private var isCounted = false
    /// Called once with the response.
    var onResponse: ((PeerResponse) -> Void)?
    /// Called when there is capacity to read more.
    var onCapacity: (() -> Void)?

    private static let waitingBytesMax = 1 << 20

    init(_ environment: PeerEnvironment, loop: any EventLoop) {
        self.environment = environment
        self.loop = loop
    }

    /// Whether the message is being read, which is collected in memory.
    var isReadingHead: Bool {
        if case .head = state { return true }
        return false
    }

    /// Whether the database is being stored.
    var isStoring: Bool {
        switch state {
        case .opening, .storing: true
        case .head, .finishing, .done: false
        }
    }

    /// Whether more of the body may be read.
    var hasCapacity: Bool { waitingBytes < Self.waitingBytesMax }

    private var from: MemberID { message?.from ?? .none }
    private var index: LogIndex { message?.snapshot?.index ?? .zero }

    /// Receives the next chunk of the body.
    func receive(_ body: ByteBuffer) {
        switch state {
        case .head: readHead(body)
        case .opening, .storing:
            add(body)
            store()
        case .finishing, .done: break
        }
    }

    /// The body is complete.
    func end() {
        isComplete = true
        if case .head = state {
            return refuse(400, "failed to decode raft message (\(decoder.truncation))")
        }
        store()
    }

    /// The connection ended before the response. A complete database still becomes durable.
    func cancel(reason: String) {
        onResponse = nil
        onCapacity = nil
        if case .finishing = state { return }
        fail(reason)
    }

    private func add(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        waiting.append(bytes)
        waitingBytes += bytes.readableBytes
        databaseBytes += bytes.readableBytes
    }

    private func readHead(_ body: ByteBuffer) {
        let head: (message: RaftMessage, database: ByteBuffer)?
        do throws(PeerWireError) {
            head = try decoder.receive(body)
        } catch {
            return refuse(400, "failed to decode raft message (\(error.description))")
        }
        guard let head else { return }
        guard head.message.type == .snapshot, head.message.snapshot != nil else {
            return refuse(400, "wrong raft message type")
        }
        let (admitted, refusal) = environment.admission(head.message)
        guard let admitted else {
            return refuse(500, "failed to process raft message (\(refusal?.text ?? ""))")
        }
        message = admitted
        messageBytes = head.message.encodedSize
        add(head.database)
        open(admitted)
    }

    private func open(_ message: Raft.Message) {
        isCounted = environment.statistics.begin(
            message.from, \.snapshotsReceiving,
            limit: environment.configuration.limits.receivingSnapshotsMax)
        guard isCounted else {
            return refuse(500, "failed to save KV snapshot (too many snapshots at a time)")
        }
        environment.delegate.record(
            .snapshotReceiving(from: message.from, index: index, messageBytes: messageBytes))
        state = .opening
        let delegate = environment.delegate
        environment.diskThreads.runIfActive(eventLoop: loop) {
            try delegate.beginSnapshot(message)
        }.whenComplete { result in
            switch (result, self.state) {
            case (.success(let destination), .opening):
                self.state = .storing(destination)
                self.store()
            case (.success(let destination), _): self.abandon(destination)
            case (.failure(let error), _): self.refuse(500, Self.saveFailure(error))
            }
        }
    }

    /// Writes the waiting chunks; when none are left and the body is complete, makes it durable.
    private func store() {
        guard case .storing(let destination) = state, !isWriting else { return }
        guard !waiting.isEmpty else {
            if isComplete { finish(destination) }
            return
        }
        var chunks: [ByteBuffer] = []
        swap(&chunks, &waiting)
        let written = chunks
        isWriting = true
        environment.diskThreads.runIfActive(eventLoop: loop) {
            for chunk in written {
                try chunk.withUnsafeReadableBytes { try destination.write($0) }
            }
        }.whenComplete { result in
            self.isWriting = false
            self.waitingBytes -= written.reduce(0) { $0 + $1.readableBytes }
            if case .done = self.state { return self.abandon(destination) }
            if case .failure(let error) = result {
                return self.refuse(500, Self.saveFailure(error))
            }
            self.store()
            self.onCapacity?()
        }
    }

    private func finish(_ destination: any SnapshotDestination) {
        state = .finishing
        environment.diskThreads.runIfActive(eventLoop: loop) {
            try destination.finish()
        }.whenComplete { result in
            switch result {
            case .success: self.succeed()
            case .failure(let error):
                self.abandon(destination)
                self.refuse(500, Self.saveFailure(error))
            }
        }
    }

    private func succeed() {
        // It is durable: if the connection has ended meanwhile, only the response is lost.
        state = .done
        uncount()
        let time = TimeSpan(NIODeadline.now() - startTime)
        environment.statistics.update(from) {
            $0.receivedBytes += messageBytes + databaseBytes
            $0.snapshotsReceived += 1
        }
        environment.delegate.record(
            .snapshotReceived(from: from, index: index, sizeBytes: databaseBytes, time: time))
        environment.configuration.measurements.snapshotReceived(from, time)
        if let message { environment.delegate.receiveSnapshot(message) }
        respond(PeerResponse(status: 204))
    }

    private static func saveFailure(_ error: any Error) -> String {
        "failed to save KV snapshot (\(error))"
    }

    /// Fails, and responds with an error.
    func refuse(_ status: Int, _ text: String) {
        fail(text)
        respond(.failure(status, text))
    }

    private func respond(_ response: PeerResponse) {
        let onResponse = self.onResponse
        self.onResponse = nil
        onCapacity = nil
        onResponse?(response)
    }

    private func fail(_ reason: String) {
        let before = state
        switch before {
        case .done: return
        case .head, .opening, .storing, .finishing: state = .done
        }
        if case .storing(let destination) = before, !isWriting { abandon(destination) }
        waiting = []
        uncount()
        environment.statistics.update(from) { $0.snapshotReceiveFailures += 1 }
        environment.delegate.record(
            .snapshotReceiveFailed(from: from, index: index, reason: reason))
    }

    private func uncount() {
        guard isCounted else { return }
        isCounted = false
        environment.statistics.update(from) { $0.snapshotsReceiving -= 1 }
    }

    private func abandon(_ destination: any SnapshotDestination) {
        environment.diskThreads.submit { _ in destination.abandon() }
    }
}
