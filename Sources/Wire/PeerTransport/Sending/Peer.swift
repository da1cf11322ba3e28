import NIOCore
import Raft
import Synchronization

/// Another member, and everything that goes there or comes from streams that were opened to it.
///
/// Its outbox is under a lock, so that the consensus thread hands over a batch with one lock and
/// at most one wake-up for each channel. What it opens itself lives on one event loop (`links`);
/// a stream that it sends on lives on the loop of the connection that asked for it.
final class Peer: Sendable {
    /// What is known of the member.
    enum Kind: Sendable {
        /// It is in the membership: streams both ways, probes.
        case member
        /// It is known by what it said of itself: messages are posted, nothing more.
        case remote
    }

    let id: MemberID
    let kind: Kind
    let loop: any EventLoop
    let environment: PeerEnvironment
    let status: PeerStatus
    private let outbox: Mutex<Outbox>
    private let links: PeerLinks

    init(
        id: MemberID, kind: Kind, urls: [PeerURL], loop: any EventLoop,
        environment: PeerEnvironment
    ) {
        self.id = id
        self.kind = kind
        self.loop = loop
        self.environment = environment
        status = PeerStatus(id: id, environment: environment)
        outbox = Mutex(Outbox(limits: environment.settings.limits))
        links = PeerLinks(
            PeerContact(
                id: id, urls: urls, loop: loop, environment: environment, status: status))
    }

    /// Opens streams and starts probing; a remote has neither.
    func start() {
        guard kind == .member else { return }
        loop.execute { self.links.start() }
    }

    /// Uses other URLs from now on.
    func update(_ urls: [PeerURL]) {
        loop.execute { self.links.update(urls) }
    }

    /// Ends everything.
    func stop() -> EventLoopFuture<Void> {
        let streams = outbox.withLock { box in
            box.isStopped = true
            box.posts.removeAll()
            return [box.replace(.append, with: nil).old, box.replace(.message, with: nil).old]
        }
        for stream in streams { stream?.close(reason: .stopped) }
        status.forget()
        return loop.submit { self.links.stop() }
    }
}

// Sending.
extension Peer {
    /// Puts messages into their queues and wakes those who send them. Never blocks.
    func send(_ messages: [Raft.Message]) {
        var dropped: [Raft.Message] = []
        let wake = outbox.withLock { box -> Wake in
            guard !box.isStopped else { return Wake() }
            var isUrgent = false
            for message in messages {
                if !box.canWait(message) { isUrgent = true }
                if !box.offer(message).isTaken { dropped.append(message) }
            }
            guard isUrgent else { return Wake() }
            return Wake(
                append: box.append.needsWaking() ? box.appendStream : nil,
                message: box.message.needsWaking() ? box.messageStream : nil,
                posts: box.posts.needsWaking())
        }
        wake.append?.wake()
        wake.message?.wake()
        if wake.posts { loop.execute { self.post() } }
        guard !dropped.isEmpty else { return }
        let lost = dropped
        loop.execute { self.report(dropped: lost) }
    }

    private struct Wake {
        var append: OutgoingStream?
        var message: OutgoingStream?
        var posts = false
    }

    private func report(dropped messages: [Raft.Message]) {
        environment.ledger.count(id) { $0.sendFailures += messages.count }
        for message in messages {
            environment.owner.note(
                .sendingDropped(message.type, to: id, .queueFull, isActive: status.isActive))
            if message.type == .snapshot {
                environment.owner.reportSnapshot(id, isDelivered: false)
            }
        }
        // A remote is not in the configuration: there is nobody to tell.
        if kind == .member { environment.owner.reportUnreachable(id) }
    }

    /// Posts what waits, a few at a time; called again when one of them is done.
    private func post() {
        while links.pipeline.hasRoom {
            let next = outbox.withLock { box -> Raft.Message? in
                guard let message = box.posts.next() else {
                    box.posts.isAwaited = false
                    return nil
                }
                return message
            }
            guard let next else { return }
            links.pipeline.post(next) { self.post() }
        }
    }

    /// Streams a database there, behind its message.
    func send(snapshot message: Raft.Message, _ database: any SnapshotSource) {
        loop.execute { self.links.send(snapshot: message, database) }
    }
}

// Streams that the other member has opened.
extension Peer {
    /// Sends on a stream from now on; one of the same kind before it ends.
    func attach(_ stream: OutgoingStream) -> Bool {
        let replaced = outbox.withLock { box -> (old: OutgoingStream?, lost: Bool)? in
            box.isStopped ? nil : box.replace(stream.kind, with: stream)
        }
        guard let replaced else { return false }
        replaced.old?.close(reason: .closed)
        if replaced.lost { environment.owner.reportUnreachable(id) }
        status.activate()
        environment.owner.note(.streamEstablished(id, stream.kind, .outgoing))
        return true
    }

    /// A stream's connection is gone.
    func detach(_ stream: OutgoingStream, reason: String) {
        let lost = outbox.withLock { box -> Bool? in
            guard box.stream(stream.kind) === stream else { return nil }
            return box.replace(stream.kind, with: nil).lost
        }
        guard let lost else {
            return environment.owner.note(.streamStopped(id, stream.kind, .outgoing))
        }
        status.deactivate("write", on: stream.kind.rawValue, reason)
        environment.ledger.count(id) { $0.sendFailures += 1 }
        environment.owner.note(.streamLost(id, stream.kind, .outgoing, reason: reason))
        if lost { environment.owner.reportUnreachable(id) }
    }

    /// The next messages of a stream; nil when nothing waits for it, or it was replaced.
    func take(for stream: OutgoingStream, bytesMaximum: Int) -> [Raft.Message]? {
        outbox.withLock { box in
            guard box.stream(stream.kind) === stream else { return nil }
            return box.take(stream.kind, bytesMaximum: bytesMaximum)
        }
    }
}
