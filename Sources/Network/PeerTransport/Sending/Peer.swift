import Identifiers
import NIOCore
import Raft
import Synchronization

/// Another member, with its outgoing messages and the streams opened to it.
///
/// Its outbox is protected by a lock, so that the consensus thread queues a batch with one lock and
/// at most one wake-up for each queue. Connections that it opens run on one event loop
/// (`connections`), except those that send snapshots; a stream that it sends on runs on the event
/// loop of its incoming connection. What these share is `outbox` and `status`, each with a lock.
final class Peer: Sendable {
    /// Kind of peer.
    enum Kind: Sendable {
        /// In the membership: streams in both directions, probes.
        case member
        /// Known only by its own requests: messages are posted, no streams or probes.
        case remote
    }

    let id: MemberID
    let kind: Kind
    let loop: any EventLoop
    let environment: PeerEnvironment
    let status: PeerStatus
    private let outbox: Mutex<Outbox>
    private let connections: PeerConnections

    init(
        id: MemberID, kind: Kind, urls: [PeerURL], loop: any EventLoop,
        environment: PeerEnvironment
    ) {
        self.id = id
        self.kind = kind
        self.loop = loop
        self.environment = environment
        status = PeerStatus(id: id, environment: environment)
        outbox = Mutex(Outbox(limits: environment.configuration.limits))
        connections = PeerConnections(
            PeerContact(
                id: id, urls: urls, loop: loop, environment: environment, status: status))
    }

    /// Opens streams and starts probing, except for a remote.
    func start() {
        guard kind == .member else { return }
        loop.execute { self.connections.start() }
    }

    /// Uses other URLs from now on.
    func update(_ urls: [PeerURL]) {
        loop.execute { self.connections.update(urls) }
    }

    /// Closes all streams and connections.
    func stop() -> EventLoopFuture<Void> {
        let streams = outbox.withLock { box in
            box.isStopped = true
            box.posts.removeAll()
            return [box.replace(.append, with: nil).old, box.replace(.message, with: nil).old]
        }
        for stream in streams { stream?.close(reason: .stopped) }
        status.forget()
        return loop.flatSubmit { self.connections.stop() }
    }
}

// Sending.
extension Peer {
    /// Queues messages and wakes the senders of their queues. Never blocks.
    func send(_ messages: [Raft.Message]) {
        var dropped: [Raft.Message] = []
        let wakeUps = outbox.withLock { box -> WakeUps in
            guard !box.isStopped else { return WakeUps() }
            var isUrgent = false
            for message in messages {
                if !box.canWait(message) { isUrgent = true }
                if !box.offer(message).isTaken { dropped.append(message) }
            }
            guard isUrgent else { return WakeUps() }
            return WakeUps(
                append: box.append.markDrainPending() ? box.appendStream : nil,
                message: box.message.markDrainPending() ? box.messageStream : nil,
                posts: box.posts.markDrainPending())
        }
        wakeUps.append?.wake()
        wakeUps.message?.wake()
        if wakeUps.posts { loop.execute { self.post() } }
        guard !dropped.isEmpty else { return }
        let lost = dropped
        loop.execute { self.report(dropped: lost) }
    }

    private struct WakeUps {
        var append: OutgoingStream?
        var message: OutgoingStream?
        var posts = false
    }

    private func report(dropped messages: [Raft.Message]) {
        environment.statistics.update(id) { $0.sendFailures += messages.count }
        for message in messages {
            environment.delegate.record(
                .sendingDropped(message.type, to: id, .queueFull, isActive: status.isActive))
            if message.type == .snapshot {
                environment.delegate.reportSnapshot(id, isDelivered: false)
            }
        }
        // A remote is not in the Raft configuration, so it is not reported.
        if kind == .member { environment.delegate.reportUnreachable(id) }
    }

    /// Posts queued messages, a few concurrently; called again when one of them completes.
    private func post() {
        while connections.pipeline.hasCapacity {
            let next = outbox.withLock { box -> Raft.Message? in
                guard let message = box.posts.next() else {
                    box.posts.isDrainPending = false
                    return nil
                }
                return message
            }
            guard let next else { return }
            connections.pipeline.post(next) { self.post() }
        }
    }

    /// Sends a database as a snapshot, after its message, on an event loop of snapshots.
    func send(
        snapshot message: Raft.Message, _ database: any SnapshotSource,
        on snapshotLoop: any EventLoop
    ) {
        loop.execute { self.connections.send(snapshot: message, database, on: snapshotLoop) }
    }
}

extension Peer {
    var canSend: Bool { status.isActive || outbox.withLock { $0.messageStream != nil } }
}

// Streams that the other member has opened.
extension Peer {
    /// Starts sending on a stream; a previous one of the same kind is closed.
    func attach(_ stream: OutgoingStream) -> Bool {
        let replaced = outbox.withLock { box -> (old: OutgoingStream?, lost: Bool)? in
            box.isStopped ? nil : box.replace(stream.kind, with: stream)
        }
        guard let replaced else { return false }
        replaced.old?.close(reason: .closed)
        if replaced.lost { environment.delegate.reportUnreachable(id) }
        status.activate()
        environment.delegate.record(.streamEstablished(id, stream.kind, .outgoing))
        return true
    }

    /// A stream's connection is closed.
    func detach(_ stream: OutgoingStream, reason: String) {
        let lost = outbox.withLock { box -> Bool? in
            guard box.stream(stream.kind) === stream else { return nil }
            return box.replace(stream.kind, with: nil).lost
        }
        guard let lost else {
            return environment.delegate.record(.streamStopped(id, stream.kind, .outgoing))
        }
        status.deactivate("write", on: stream.kind.rawValue, reason)
        environment.statistics.update(id) { $0.sendFailures += 1 }
        environment.delegate.record(.streamLost(id, stream.kind, .outgoing, reason: reason))
        if lost { environment.delegate.reportUnreachable(id) }
    }

    /// The next messages of a stream; nil if none are queued, or if the stream was replaced.
    func take(for stream: OutgoingStream, bytesMax: Int) -> [Raft.Message]? {
        outbox.withLock { box in
            guard box.stream(stream.kind) === stream else { return nil }
            return box.take(stream.kind, bytesMax: bytesMax)
        }
    }
}
