package import NIOCore
import NIOHTTP1
package import Raft
import Synchronization

/// etcd's peer protocol: the links between this member and the others, both ways.
///
/// Each pair of members has two streams each way; who wants to receive opens them. Messages take
/// the append stream, the message stream or, while there are none, single posts; a snapshot's
/// database has a request of its own. Everything that waits has a limit (`PeerTransportLimits`),
/// beyond which messages are dropped and the member reported unreachable: Raft sends again what
/// matters.
///
/// Any thread may call it, nothing blocks. It listens on no socket: whoever does calls
/// `configure` for each accepted connection. It holds its owner until it is let go of.
package final class PeerTransport: Sendable {
    let environment: PeerEnvironment
    private let group: any EventLoopGroup
    private let registry = Mutex(Registry())
    private let accepted = Mutex<[ObjectIdentifier: any Channel]>([:])

    private struct Registry {
        var peers: [MemberID: Peer] = [:]
        var remotes: [MemberID: Peer] = [:]
        var isStopped = false
    }

    package init(
        settings: PeerTransportSettings, owner: any PeerTransportOwner,
        group: any EventLoopGroup
    ) {
        environment = PeerEnvironment(settings: settings, owner: owner)
        self.group = group
    }

    package var settings: PeerTransportSettings { environment.settings }

    // Membership.

    /// Links this member with another one. A known id changes nothing.
    package func addPeer(_ id: MemberID, urls: [String]) {
        let added = registry.withLock { registry -> (peer: Peer, former: Peer?)? in
            guard !registry.isStopped, registry.peers[id] == nil, id != settings.localID else {
                return nil
            }
            let peer = makePeer(id, .member, urls)
            registry.peers[id] = peer
            return (peer, registry.remotes.removeValue(forKey: id))
        }
        guard let added else { return }
        _ = added.former?.stop()
        added.peer.start()
        environment.owner.note(.peerAdded(id, urls: urls))
    }

    /// Makes it possible to post to a member that is not in the membership (yet).
    package func addRemote(_ id: MemberID, urls: [String]) {
        guard !environment.isRemoved(id) else { return }
        let isAdded = registry.withLock { registry in
            guard !registry.isStopped, registry.peers[id] == nil, registry.remotes[id] == nil,
                id != settings.localID, id != .none,
                registry.remotes.count < settings.limits.remotes
            else { return false }
            registry.remotes[id] = makePeer(id, .remote, urls)
            return true
        }
        if isAdded { environment.owner.note(.remoteAdded(id, urls: urls)) }
    }

    /// Reaches a member under other URLs from now on.
    package func updatePeer(_ id: MemberID, urls: [String]) {
        guard let peer = registry.withLock({ $0.peers[id] }) else { return }
        peer.update(PeerURL.readable(urls))
        environment.owner.note(.peerUpdated(id, urls: urls))
    }

    /// Ends all links with a member, which is refused for good from now on.
    package func removePeer(_ id: MemberID) {
        environment.remove([id])
        let gone = registry.withLock { registry in
            [registry.peers.removeValue(forKey: id), registry.remotes.removeValue(forKey: id)]
        }
        for peer in gone { _ = peer?.stop() }
        environment.owner.note(.peerRemoved(id, wasKnown: gone[0] != nil))
    }

    /// Refuses these members for good, as a restart finds them in its files.
    package func setRemoved(_ ids: [MemberID]) {
        environment.remove(ids)
    }

    private func makePeer(_ id: MemberID, _ kind: Peer.Kind, _ urls: [String]) -> Peer {
        Peer(
            id: id, kind: kind, urls: PeerURL.readable(urls), loop: group.next(),
            environment: environment)
    }

    /// A member of the cluster by its id; nil for remotes.
    func peer(_ id: MemberID) -> Peer? {
        registry.withLock { $0.peers[id] }
    }

    // Sending.

    /// Sends messages, in their order for each channel; those to nobody known are dropped.
    package func send(_ messages: [Raft.Message]) {
        var batches: [(peer: Peer, messages: [Raft.Message])] = []
        registry.withLock { registry in
            for message in messages where message.to != .none {
                if let place = batches.firstIndex(where: { $0.peer.id == message.to }) {
                    batches[place].messages.append(message)
                } else if let peer = registry.peers[message.to] ?? registry.remotes[message.to] {
                    batches.append((peer, [message]))
                }
            }
        }
        for batch in batches { batch.peer.send(batch.messages) }
    }

    /// Streams a database to the message's target. Ends in the owner's `reportSnapshot`, and in
    /// one `close` of the database.
    package func sendSnapshot(_ message: Raft.Message, database: any SnapshotSource) {
        let peer = registry.withLock { $0.peers[message.to] ?? $0.remotes[message.to] }
        if let peer { return peer.send(snapshot: message, database) }
        environment.diskThreads.submit { _ in database.close() }
        let owner = environment.owner
        group.any().execute { owner.reportSnapshot(message.to, isDelivered: false) }
    }

    // Watching.

    /// Milliseconds of the monotonic clock since when the member is active; nil while it is not.
    package func activeSince(_ id: MemberID) -> Int64? {
        peer(id)?.status.activeSince
    }

    /// Members that are active now.
    package var activePeerCount: Int {
        registry.withLock { $0.peers.values.count { $0.status.isActive } }
    }

    /// The members it has links with, ascending.
    package var peers: [MemberID] { registry.withLock { $0.peers.keys.sorted() } }

    /// Counts of all members it has heard of, ascending by id.
    package var figures: [(id: MemberID, figures: PeerFigures)] { environment.ledger.all }

    // Listening.

    /// Makes an accepted channel a connection of the peer listener. Call on its event loop.
    ///
    /// - Parameters:
    ///   - isEncrypted: whether TLS is below.
    ///   - answering: answers requests that are not the transport's own.
    package func configure(
        channel: any Channel, isEncrypted: Bool, answering: @escaping PeerAnswering
    ) throws {
        guard !registry.withLock({ $0.isStopped }) else { throw PeerConnectionError.stopped }
        let pipeline = channel.pipeline.syncOperations
        let watch = ConnectionWatch(
            readMilliseconds: settings.readTimeoutMilliseconds,
            writeMilliseconds: settings.writeTimeoutMilliseconds)
        try pipeline.addHandler(watch)
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        try pipeline.addHandler(HTTPServerPipelineHandler())
        try pipeline.addHandler(IncomingConnection(self, watch: watch, answering: answering))
        let key = ObjectIdentifier(channel)
        accepted.withLock { $0[key] = channel }
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.accepted.withLock { $0[key] = nil }
        }
    }

    /// Ends all links and connections. Done when they are closed.
    package func stop() -> EventLoopFuture<Void> {
        let peers = registry.withLock { registry in
            registry.isStopped = true
            defer {
                registry.peers = [:]
                registry.remotes = [:]
            }
            return Array(registry.peers.values) + Array(registry.remotes.values)
        }
        let loop = group.any()
        var ends = peers.map { $0.stop() }
        for channel in accepted.withLock({ Array($0.values) }) {
            ends.append(channel.close().recover { _ in })
        }
        return EventLoopFuture.andAllComplete(ends, on: loop).flatMap {
            let promise = loop.makePromise(of: Void.self)
            self.environment.diskThreads.shutdownGracefully { _ in promise.succeed() }
            return promise.futureResult
        }
    }
}
