import NIOCore
import NIOHTTP1
import Raft

/// The receiving side of a stream: opens it, reads messages from it, opens it again when it is
/// lost, for as long as the other member is one.
///
/// - waiting: until the next attempt may be made, one for each retry interval.
/// - dialing: connecting.
/// - asking: the request is written.
/// - refused: the answer is no stream; its text is read.
/// - reading: messages come.
/// - stopped: for good.
final class StreamReader: AnswerReceiver, @unchecked Sendable {  // owned by contact.loop
    private enum State {
        case waiting
        case dialing
        case asking(OutgoingConnection)
        case refused(OutgoingConnection, HTTPResponseHead)
        case reading(OutgoingConnection)
        case stopped
    }

    let kind: PeerStreamKind
    private let contact: PeerContact
    private var state = State.waiting
    private var appends: AppendStreamDecoder
    private var messages = MessageStreamDecoder()
    /// What has been read in this turn.
    private var turn: [Raft.Message] = []
    private var turnBytes = 0
    private var refusal: [UInt8] = []
    private var lastAttempt = NIODeadline.uptimeNanoseconds(0)
    private var retry: Scheduled<Void>?

    /// Bytes of a refusal's text that are read.
    private static let refusalBytes = 4096

    init(_ kind: PeerStreamKind, _ contact: PeerContact) {
        self.kind = kind
        self.contact = contact
        appends = AppendStreamDecoder(
            local: contact.environment.settings.localID.rawValue, remote: contact.id.rawValue)
    }

    func start() { dial() }

    func stop() {
        let before = state
        state = .stopped
        retry?.cancel()
        switch before {
        case .asking(let connection), .refused(let connection, _), .reading(let connection):
            connection.close(.stopped)
        case .waiting, .dialing, .stopped: break
        }
        contact.environment.owner.note(.streamStopped(contact.id, kind, .incoming))
    }

    // Opening.

    private func dial() {
        guard case .waiting = state else { return }
        lastAttempt = .now()
        guard let url = contact.choice.current else { return attemptFailed("no URL", nil) }
        state = .dialing
        let settings = contact.environment.settings
        OutgoingConnection.connect(
            to: url, on: contact.loop, dialMilliseconds: settings.dialTimeoutMilliseconds,
            timeouts: .init(
                readMilliseconds: settings.readTimeoutMilliseconds,
                writeMilliseconds: settings.writeTimeoutMilliseconds),
            encrypt: settings.encryptOutgoing
        ).whenComplete { result in
            switch result {
            case .success(let connection): self.ask(connection)
            case .failure(let error): self.attemptFailed("\(error)", url)
            }
        }
    }

    private func ask(_ connection: OutgoingConnection) {
        guard case .dialing = state else { return connection.close(.stopped) }
        state = .asking(connection)
        let local = contact.environment.settings.localID.text
        var head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/raft/stream/\(kind.pathName)/\(local)")
        head.headers.add(name: "Host", value: connection.url.authority)
        head.headers.add(contentsOf: contact.identification)
        head.headers.add(name: "X-Raft-To", value: contact.id.text)
        connection.begin(head, isWhole: true, receiver: self)
    }

    func receive(_ head: HTTPResponseHead) {
        guard case .asking(let connection) = state else { return }
        let settings = contact.environment.settings
        let version = head.headers.first(name: "X-Server-Version") ?? PeerVersion.unsaid
        if let remote = PeerVersion(version), let local = PeerVersion(settings.version),
            remote < local, !remote.hasStreams
        {
            // A member without streams is posted to; it is not the worse for it.
            state = .waiting
            contact.choice.failed(connection.url)
            connection.close(.stopped)
            return retryLater()
        }
        guard head.status == .ok else {
            refusal = []
            return state = .refused(connection, head)
        }
        appends = AppendStreamDecoder(
            local: settings.localID.rawValue, remote: contact.id.rawValue)
        messages = MessageStreamDecoder()
        state = .reading(connection)
        contact.status.activate()
        contact.environment.owner.note(.streamEstablished(contact.id, kind, .incoming))
    }

    private func attemptFailed(_ reason: String, _ url: PeerURL?) {
        if case .stopped = state { return }
        state = .waiting
        if let url { contact.choice.failed(url) }
        contact.status.deactivate("dial", on: kind.rawValue, reason)
        contact.environment.owner.note(.dialFailed(contact.id, kind, reason: reason))
        retryLater()
    }

    private func retryLater() {
        let interval = contact.environment.settings.retryMilliseconds
        retry = contact.loop.scheduleTask(deadline: lastAttempt + .milliseconds(interval)) {
            self.dial()
        }
    }

    // Reading.

    func receive(_ body: ByteBuffer) {
        switch state {
        case .reading(let connection):
            turnBytes += body.readableBytes
            do throws(PeerWireError) {
                switch kind {
                case .append:
                    appends.receive(body)
                    while let frame = try appends.next() { take(frame) }
                case .message:
                    messages.receive(body)
                    while let frame = try messages.next() { take(frame) }
                }
            } catch {
                handOver()
                lost(error.description)
                connection.close(.stopped)
            }
        case .refused:
            if refusal.count + body.readableBytes <= Self.refusalBytes {
                refusal.append(contentsOf: body.readableBytesView)
            }
        case .waiting, .dialing, .asking, .stopped: break
        }
    }

    private func take(_ frame: PeerFrame) {
        guard case .message(let record) = frame else { return }
        if let message = contact.environment.admission(record).message { turn.append(message) }
    }

    func readTurnEnded() { handOver() }

    private func handOver() {
        let environment = contact.environment
        if turnBytes > 0 {
            environment.ledger.count(contact.id) { $0.receivedBytes += turnBytes }
            turnBytes = 0
        }
        guard !turn.isEmpty else { return }
        var messages: [Raft.Message] = []
        swap(&messages, &turn)
        environment.owner.receive(messages)
    }

    func ended() {
        switch state {
        case .reading(let connection):
            handOver()
            // The other side has ended it in good order: whether it is gone shows the next dial.
            state = .waiting
            contact.environment.owner.note(.streamLost(contact.id, kind, .incoming, reason: "EOF"))
            connection.close(.stopped)
            retryLater()
        case .refused(let connection, let head):
            refused(head, connection.url)
            connection.close(.stopped)
        case .waiting, .dialing, .asking, .stopped: break
        }
    }

    func failed(_ error: PeerConnectionError) {
        switch state {
        case .reading:
            handOver()
            lost(error.description)
        case .asking(let connection): attemptFailed(error.description, connection.url)
        case .refused(let connection, let head): refused(head, connection.url)
        case .waiting, .dialing, .stopped: break
        }
    }

    private func lost(_ reason: String) {
        state = .waiting
        contact.environment.owner.note(.streamLost(contact.id, kind, .incoming, reason: reason))
        contact.status.deactivate("read", on: kind.rawValue, reason)
        retryLater()
    }

    private func refused(_ head: HTTPResponseHead, _ url: PeerURL) {
        let environment = contact.environment
        let response = PeerResponse(
            status: Int(head.status.code), headers: head.headers, body: refusal)
        let reason: String
        switch response.status {
        case 410:
            environment.owner.wasRemoved()
            reason = PostVerdict.removedText
        case 404:
            let local = environment.settings.localID.text
            reason = "peer \(contact.id.text) failed to find local node \(local)"
        case 412 where response.text == PeerRefusal.version || response.text == PeerRefusal.cluster:
            reason = response.text
            environment.owner.note(
                .refusedBy(
                    contact.id, reason: reason,
                    cluster: head.headers.first(name: "X-Etcd-Cluster-ID") ?? ""))
        case 412: reason = "unhandled error \"\(response.text)\" when precondition failed"
        default: reason = "unhandled http status \(response.status)"
        }
        attemptFailed(reason, url)
    }
}
