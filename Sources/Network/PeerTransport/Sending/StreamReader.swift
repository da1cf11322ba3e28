import NIOCore
import NIOHTTP1
import Raft

/// The receiving side of a stream: opens it, reads messages from it, and reopens it when it is
/// lost, until the peer is removed.
///
/// - waiting: until the next attempt, at most one for each retry interval.
/// - dialing: connecting.
/// - requesting: the request is sent.
/// - refused: the response is not a stream; its error text is read.
/// - reading: messages are received.
/// - stopped: final.
final class StreamReader: ResponseReceiver, @unchecked Sendable {  // owned by contact.loop
    private enum State {
        case waiting
        case dialing
        case requesting(OutgoingConnection)
        case refused(OutgoingConnection, HTTPResponseHead)
        case reading(OutgoingConnection)
        case stopped
    }

    let kind: PeerStreamKind
    private let contact: PeerContact
    private var state = State.waiting
    private var appends: AppendStreamDecoder
    private var messages = MessageStreamDecoder()
    /// Messages of the current socket read.
    private var batch: [Raft.Message] = []
    private var batchBytes = 0
    private var refusal: [UInt8] = []
    private var lastAttempt = NIODeadline.uptimeNanoseconds(0)
    private var retry: Scheduled<Void>?

    /// Bytes of a refusal's error text that are read.
    private static let refusalBytes = 4096

    init(_ kind: PeerStreamKind, _ contact: PeerContact) {
        self.kind = kind
        self.contact = contact
        appends = AppendStreamDecoder(
            local: contact.environment.configuration.localID, remote: contact.id)
    }

    func start() { dial() }

    func stop() {
        let before = state
        state = .stopped
        retry?.cancel()
        switch before {
        case .requesting(let connection), .refused(let connection, _), .reading(let connection):
            connection.close(.stopped)
        case .waiting, .dialing, .stopped: break
        }
        contact.environment.delegate.record(.streamStopped(contact.id, kind, .incoming))
    }

    // Opening.

    private func dial() {
        guard case .waiting = state else { return }
        lastAttempt = .now()
        guard let url = contact.urlPicker.current else { return attemptFailed("no URL", nil) }
        state = .dialing
        let configuration = contact.environment.configuration
        OutgoingConnection.connect(
            to: url, on: contact.loop, limits: configuration.dialLimits,
            timeouts: .init(
                read: configuration.readTimeout, write: configuration.writeTimeout),
            dialing: configuration.dialing
        ).whenComplete { result in
            switch result {
            case .success(let connection): self.request(connection)
            case .failure(let error): self.attemptFailed("\(error)", url)
            }
        }
    }

    private func request(_ connection: OutgoingConnection) {
        guard case .dialing = state else { return connection.close(.stopped) }
        state = .requesting(connection)
        let local = contact.environment.configuration.localID.description
        var head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/raft/stream/\(kind.pathName)/\(local)")
        head.headers.add(name: "Host", value: connection.url.authority)
        head.headers.add(contentsOf: contact.identification)
        head.headers.add(name: "X-Raft-To", value: contact.id.description)
        connection.begin(head, isComplete: true, receiver: self)
    }

    func receive(_ head: HTTPResponseHead) {
        guard case .requesting(let connection) = state else { return }
        let configuration = contact.environment.configuration
        let version = head.headers.first(name: "X-Server-Version") ?? PeerVersion.unspecified
        if let remote = PeerVersion(version), let local = PeerVersion(configuration.version),
            remote < local, !remote.hasStreams
        {
            // Messages to a member without streams are posted; this is not a failure.
            state = .waiting
            contact.urlPicker.unreachable(connection.url)
            connection.close(.stopped)
            return retryLater()
        }
        guard head.status == .ok else {
            refusal = []
            return state = .refused(connection, head)
        }
        appends = AppendStreamDecoder(
            local: configuration.localID, remote: contact.id)
        messages = MessageStreamDecoder()
        state = .reading(connection)
        contact.status.activate()
        contact.environment.delegate.record(.streamEstablished(contact.id, kind, .incoming))
    }

    private func attemptFailed(_ reason: String, _ url: PeerURL?) {
        if case .stopped = state { return }
        state = .waiting
        if let url { contact.urlPicker.unreachable(url) }
        contact.status.deactivate("dial", on: kind.rawValue, reason)
        contact.environment.delegate.record(.dialFailed(contact.id, kind, reason: reason))
        retryLater()
    }

    private func retryLater() {
        let interval = TimeAmount(contact.environment.configuration.retryInterval)
        retry = contact.loop.scheduleTask(deadline: lastAttempt + interval) {
            self.dial()
        }
    }

    // Reading.

    func receive(_ body: ByteBuffer) {
        switch state {
        case .reading(let connection):
            batchBytes += body.readableBytes
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
                deliverBatch()
                lost(error.description)
                connection.close(.stopped)
            }
        case .refused:
            if refusal.count + body.readableBytes <= Self.refusalBytes {
                refusal.append(contentsOf: body.readableBytesView)
            }
        case .waiting, .dialing, .requesting, .stopped: break
        }
    }

    private func take(_ frame: PeerFrame) {
        guard case .message(let record) = frame else { return }
        if let message = contact.environment.admission(record).message { batch.append(message) }
    }

    func readCompleted() { deliverBatch() }

    private func deliverBatch() {
        let environment = contact.environment
        if batchBytes > 0 {
            environment.statistics.update(contact.id) { $0.receivedBytes += batchBytes }
            batchBytes = 0
        }
        guard !batch.isEmpty else { return }
        var messages: [Raft.Message] = []
        swap(&messages, &batch)
        environment.delegate.receive(messages)
    }

    func ended() {
        switch state {
        case .reading(let connection):
            deliverBatch()
            // The other side closed the stream gracefully: the next dial shows whether it is down.
            state = .waiting
            contact.environment.delegate.record(
                .streamLost(contact.id, kind, .incoming, reason: "EOF"))
            connection.close(.stopped)
            retryLater()
        case .refused(let connection, let head):
            refused(head, connection.url)
            connection.close(.stopped)
        case .waiting, .dialing, .requesting, .stopped: break
        }
    }

    func failed(_ error: PeerConnectionError) {
        switch state {
        case .reading:
            deliverBatch()
            lost(error.description)
        case .requesting(let connection): attemptFailed(error.description, connection.url)
        case .refused(let connection, let head): refused(head, connection.url)
        case .waiting, .dialing, .stopped: break
        }
    }

    private func lost(_ reason: String) {
        state = .waiting
        contact.environment.delegate.record(
            .streamLost(contact.id, kind, .incoming, reason: reason))
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
            environment.delegate.wasRemoved()
            reason = PostResult.removedText
        case 404:
            let local = environment.configuration.localID.description
            reason = "peer \(contact.id) failed to find local node \(local)"
        case 412 where response.text == PeerRefusal.version || response.text == PeerRefusal.cluster:
            reason = response.text
            environment.delegate.record(
                .refusedBy(
                    contact.id, reason: reason,
                    cluster: head.headers.first(name: "X-Etcd-Cluster-ID") ?? ""))
        case 412: reason = "unhandled error \"\(response.text)\" when precondition failed"
        default: reason = "unhandled http status \(response.status)"
        }
        attemptFailed(reason, url)
    }
}
