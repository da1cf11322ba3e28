import EtcdAPI
import NIOCore
import Raft

/// Receives one snapshot: its message, then its database, which goes to its place on the disk
/// threads while more is read.
///
/// At most `waitingBytes` wait for the disk, and what one read of the socket brings on top; then
/// the connection is not read from until they are written.
///
/// - head: the message is read.
/// - opening: the place for the database is being made.
/// - storing: pieces are written as they come.
/// - finishing: all is written and is being made durable.
/// - done: answered or given up; the place is finished or abandoned.
final class SnapshotReception: @unchecked Sendable {  // owned by loop
    private enum State {
        case head
        case opening
        case storing(any SnapshotDestination)
        case finishing
        case done
    }

    private let environment: PeerEnvironment
    private let loop: any EventLoop
    private let begun = NIODeadline.now()
    private var state = State.head
    private var decoder = SnapshotHeadDecoder()
    private var message: Raft.Message?
    private var messageBytes = 0
    private var databaseBytes = 0
    private var waiting: [ByteBuffer] = []
    private var waitingBytes = 0
    private var isWriting = false
    private var isWhole = false
    private var isCounted = false
    /// Called once with the answer.
    var onAnswer: ((PeerResponse) -> Void)?
    /// Called when more may be read.
    var onRoom: (() -> Void)?

    private static let waitingMaximumBytes = 1 << 20

    init(_ environment: PeerEnvironment, loop: any EventLoop) {
        self.environment = environment
        self.loop = loop
    }

    /// Whether more of the body may be read.
    var hasRoom: Bool { waitingBytes < Self.waitingMaximumBytes }

    private var from: MemberID { message?.from ?? .none }
    private var index: LogIndex { message?.snapshot?.index ?? .zero }

    /// Takes the next piece of the body.
    func receive(_ body: ByteBuffer) {
        switch state {
        case .head: readHead(body)
        case .opening, .storing:
            add(body)
            store()
        case .finishing, .done: break
        }
    }

    /// The body is whole.
    func end() {
        isWhole = true
        if case .head = state {
            return refuse(400, "failed to decode raft message (\(decoder.truncation))")
        }
        store()
    }

    /// The connection ended before the answer. What is whole becomes durable all the same.
    func cancel(reason: String) {
        onAnswer = nil
        onRoom = nil
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
        isCounted = environment.ledger.begin(
            message.from, \.snapshotsReceiving,
            maximum: environment.settings.limits.receivingSnapshots)
        guard isCounted else {
            return refuse(500, "failed to save KV snapshot (too many snapshots at a time)")
        }
        environment.owner.note(
            .snapshotReceiving(from: message.from, index: index, messageBytes: messageBytes))
        state = .opening
        let owner = environment.owner
        environment.diskThreads.runIfActive(eventLoop: loop) {
            try owner.beginSnapshot(message)
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

    /// Writes what waits; when nothing does and the body is whole, makes it durable.
    private func store() {
        guard case .storing(let destination) = state, !isWriting else { return }
        guard !waiting.isEmpty else {
            if isWhole { finish(destination) }
            return
        }
        var pieces: [ByteBuffer] = []
        swap(&pieces, &waiting)
        let written = pieces
        isWriting = true
        environment.diskThreads.runIfActive(eventLoop: loop) {
            for piece in written {
                try piece.withUnsafeReadableBytes { try destination.write($0) }
            }
        }.whenComplete { result in
            self.isWriting = false
            self.waitingBytes -= written.reduce(0) { $0 + $1.readableBytes }
            if case .done = self.state { return self.abandon(destination) }
            if case .failure(let error) = result {
                return self.refuse(500, Self.saveFailure(error))
            }
            self.store()
            self.onRoom?()
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
        // It is durable: a connection that ended meanwhile costs its answer and nothing else.
        state = .done
        uncount()
        let milliseconds = (NIODeadline.now() - begun).nanoseconds / 1_000_000
        environment.ledger.count(from) {
            $0.receivedBytes += messageBytes + databaseBytes
            $0.snapshotsReceived += 1
        }
        environment.owner.note(
            .snapshotReceived(
                from: from, index: index, sizeBytes: databaseBytes, milliseconds: milliseconds))
        environment.settings.measurements.snapshotReceived(from, Double(milliseconds) / 1000)
        if let message { environment.owner.receiveSnapshot(message) }
        answer(PeerResponse(status: 204))
    }

    private static func saveFailure(_ error: any Error) -> String {
        "failed to save KV snapshot (\(error))"
    }

    private func refuse(_ status: Int, _ text: String) {
        fail(text)
        answer(.failure(status, text))
    }

    private func answer(_ response: PeerResponse) {
        let onAnswer = self.onAnswer
        self.onAnswer = nil
        onRoom = nil
        onAnswer?(response)
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
        environment.ledger.count(from) { $0.snapshotReceiveFailures += 1 }
        environment.owner.note(.snapshotNotReceived(from: from, index: index, reason: reason))
    }

    private func uncount() {
        guard isCounted else { return }
        isCounted = false
        environment.ledger.count(from) { $0.snapshotsReceiving -= 1 }
    }

    private func abandon(_ destination: any SnapshotDestination) {
        environment.diskThreads.submit { _ in destination.abandon() }
    }
}
