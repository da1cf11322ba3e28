package import ConnectionIdentity
package import Identifiers
package import MonotonicClock
package import NIOCore
import NIOHTTP1
package import Raft
import Synchronization

/// etcd's peer protocol (rafthttp): the connections between this member and the others.
///
/// Each pair of members has two streams in each direction, opened by the receiver. Messages use the
/// append stream, the message stream or, while there are none, single posts; a snapshot's database
/// has its own request. All queues have limits (`PeerTransportLimits`), above which messages are
/// dropped and the member is reported unreachable: Raft retries what is needed.
///
/// Thread-safe and non-blocking. It does not listen on a socket: the listener calls `configure` for
/// each accepted connection. It holds a strong reference to its delegate.
///
/// Its connections run on several event loops (`PeerLoops`). The state of a connection is owned by
/// the connection's loop; all that they share is behind locks.
package final class PeerTransport: Sendable {
    let environment: PeerEnvironment
    private let group: any EventLoopGroup
    /// nil if the listener has other loops.
    let loops: PeerLoops?
    let bufferedRequests: BufferedRequests
    private let registry = Mutex(Registry())
    private let accepted = Mutex<[ObjectIdentifier: any Channel]>([:])

    private struct Registry {
        var peers: [MemberID: Peer] = [:]
        var remotes: [MemberID: Peer] = [:]
        var isStopped = false
    }

    package convenience init(
        configuration: PeerTransportConfiguration, delegate: any PeerTransportDelegate,
        loops: PeerLoops
    ) {
        self.init(
            configuration: configuration, delegate: delegate, group: loops.dialing, loops: loops)
    }

    /// - Parameters:
    ///   - group: event loops of own connections to other members.
    ///   - loops: those of accepted connections and of snapshots; without them they share.
    package init(
        configuration: PeerTransportConfiguration, delegate: any PeerTransportDelegate,
        group: any EventLoopGroup, loops: PeerLoops? = nil
    ) {
        environment = PeerEnvironment(configuration: configuration, delegate: delegate)
        bufferedRequests = BufferedRequests(limits: configuration.limits)
        self.group = group
        self.loops = loops
    }

    package var configuration: PeerTransportConfiguration { environment.configuration }

    // Membership.

    /// Connects this member with another one. Does nothing for a known ID.
    package func addPeer(_ id: MemberID, urls: [String]) {
        let added = registry.withLock { registry -> (peer: Peer, former: Peer?)? in
            guard !registry.isStopped, registry.peers[id] == nil, id != configuration.localID else {
                return nil
            }
            let peer = makePeer(id, .member, urls)
            registry.peers[id] = peer
            return (peer, registry.remotes.removeValue(forKey: id))
        }
        guard let added else { return }
        _ = added.former?.stop()
        added.peer.start()
        environment.delegate.record(.peerAdded(id, urls: urls))
    }

    /// Allows posting to a member that is not in the membership (yet).
    package func addRemote(_ id: MemberID, urls: [String]) {
        guard !environment.isRemoved(id) else { return }
        let isAdded = registry.withLock { registry in
            guard !registry.isStopped, registry.peers[id] == nil, registry.remotes[id] == nil,
                id != configuration.localID, id != .none,
                registry.remotes.count < configuration.limits.remotesMax
            else { return false }
            registry.remotes[id] = makePeer(id, .remote, urls)
            return true
        }
        if isAdded { environment.delegate.record(.remoteAdded(id, urls: urls)) }
    }

    /// Changes the URLs of a member.
    package func updatePeer(_ id: MemberID, urls: [String]) {
        guard let peer = registry.withLock({ $0.peers[id] }) else { return }
        peer.update(PeerURL.parse(urls))
        environment.delegate.record(.peerUpdated(id, urls: urls))
    }

    /// Closes all connections with a member, whose requests are refused permanently.
    package func removePeer(_ id: MemberID) {
        environment.remove([id])
        let removed = registry.withLock { registry in
            [registry.peers.removeValue(forKey: id), registry.remotes.removeValue(forKey: id)]
        }
        for peer in removed { _ = peer?.stop() }
        environment.delegate.record(.peerRemoved(id, wasKnown: removed[0] != nil))
    }

    /// Refuses these members permanently, as restored from disk at a restart.
    package func setRemoved(_ ids: [MemberID]) {
        environment.remove(ids)
    }

    private func makePeer(_ id: MemberID, _ kind: Peer.Kind, _ urls: [String]) -> Peer {
        Peer(
            id: id, kind: kind, urls: PeerURL.parse(urls), loop: group.next(),
            environment: environment)
    }

    /// A member of the cluster by its ID; nil for remotes.
    func peer(_ id: MemberID) -> Peer? {
        registry.withLock { $0.peers[id] }
    }

    // Sending.

    /// Sends messages, in order within each queue; those to unknown members are dropped.
    package func send(_ messages: [Raft.Message]) {
        var batches: [(peer: Peer, messages: [Raft.Message])] = []
        registry.withLock { registry in
            for message in messages where message.to != .none {
                if let position = batches.firstIndex(where: { $0.peer.id == message.to }) {
                    batches[position].messages.append(message)
                } else if let peer = registry.peers[message.to] ?? registry.remotes[message.to] {
                    batches.append((peer, [message]))
                }
            }
        }
        for batch in batches { batch.peer.send(batch.messages) }
    }

    /// Sends a database to the message's target. Ends with a call of the delegate's
    /// `reportSnapshot` and one `close` of the database.
    package func sendSnapshot(_ message: Raft.Message, database: any SnapshotSource) {
        let peer = registry.withLock { $0.peers[message.to] ?? $0.remotes[message.to] }
        if let peer {
            return peer.send(
                snapshot: message, database, on: loops?.transfers ?? group.any())
        }
        environment.diskThreads.submit { _ in database.close() }
        let delegate = environment.delegate
        group.any().execute { delegate.reportSnapshot(message.to, isDelivered: false) }
    }

    // Status.

    /// The time since which the member is active; nil if it is not.
    package func activeSince(_ id: MemberID) -> MonotonicTime? {
        peer(id)?.status.activeSince
    }

    /// Whether messages can be sent to the member now: it has opened a stream, which stays open if
    /// it refuses connections from here, or it is active.
    package func canSend(to id: MemberID) -> Bool { peer(id)?.canSend ?? false }

    /// Number of active members.
    package var activePeerCount: Int {
        registry.withLock { $0.peers.values.count { $0.status.isActive } }
    }

    /// The connected members, ascending.
    package var peers: [MemberID] { registry.withLock { $0.peers.keys.sorted() } }

    /// Statistics of all members that have sent or received messages, ascending by ID.
    package var statistics: [(id: MemberID, statistics: PeerStatistics)] {
        environment.statistics.all
    }

    // Listening.

    /// Adds the peer protocol to the pipeline of an accepted channel. Called on its event loop, with
    /// TLS when the handshake is complete and the certificate is checked.
    ///
    /// - Parameters:
    ///   - identity: who is on the other side. It does not change what is permitted: each connection that
    ///     has passed the checks of the listener may use the peer protocol, as in etcd.
    ///   - handler: handles requests that the transport does not handle itself.
    package func configure(
        channel: any Channel, identity: ConnectionIdentity, handler: @escaping PeerRequestHandler
    ) throws {
        loops?.handshakeFinished(channel)
        guard !registry.withLock({ $0.isStopped }) else { throw PeerConnectionError.stopped }
        let pipeline = channel.pipeline.syncOperations
        let timeoutHandler = ConnectionTimeoutHandler(
            readTimeout: configuration.readTimeout, writeTimeout: configuration.writeTimeout)
        // Below TLS, where the bytes of the socket are counted.
        try pipeline.addHandler(timeoutHandler, position: .first)
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        try pipeline.addHandler(HTTPServerPipelineHandler())
        try pipeline.addHandler(
            IncomingConnection(self, timeoutHandler: timeoutHandler, requestHandler: handler))
        let key = ObjectIdentifier(channel)
        accepted.withLock { $0[key] = channel }
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.accepted.withLock { $0[key] = nil }
        }
    }

    /// Closes kept-alive connections on a loop that is used for a stream or a snapshot now: their
    /// next requests would disturb it.
    func closeKeptAlive(on loop: any EventLoop) {
        let channels = accepted.withLock { $0.values.filter { $0.eventLoop === loop } }
        for channel in channels {
            channel.pipeline.fireUserInboundEventTriggered(PeerLoopMoved())
        }
    }

    /// Closes all connections. The future completes when they are closed.
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
