import Disk
package import Membership
package import NIOCore
package import PeerTransport
package import Raft
package import ReplicaRuntime
import Synchronization
import WriteAheadLog

/// Ties the member to the others: what its runtime sends goes out through the transport, what
/// comes in goes to the runtime, and the transport knows whom the membership names.
///
/// Any thread. The transport and the runtime are attached once each, while the member starts;
/// what comes before that is dropped, which Raft allows.
package final class MemberLinks: MessageCarrier, PeerTransportOwner {
    private let snapshots: SnapshotStore
    private let disk: any Disk
    private let observation: PeerObservation
    private let membershipObservation: MembershipObservation
    private let parts = Mutex(Parts())
    /// Called once, when the cluster has removed this member.
    private let onRemoval: @Sendable () -> Void
    private let onReceivedDatabase: @Sendable (ReceivedDatabase.Finding) -> Void

    fileprivate struct Parts {
        var runtime: ReplicaRuntime?
        var transport: PeerTransport?
        var answer: Answering?
        /// Peer URLs of the others, as the transport has them.
        var known: [Raft.MemberID: [String]] = [:]
        var removed: Set<Raft.MemberID> = []
        var isRemoved = false
        /// All members, as was last told; nil before the first time.
        var told: [Member]?
    }

    /// Answers a request on the peer listener that is not the transport's own.
    package typealias Answering =
        @Sendable (PeerRequest, any EventLoop) -> EventLoopFuture<
            PeerResponse
        >

    init(
        snapshots: SnapshotStore, disk: any Disk, observation: PeerObservation,
        membershipObservation: MembershipObservation,
        onReceivedDatabase: @escaping @Sendable (ReceivedDatabase.Finding) -> Void = { _ in },
        onRemoval: @escaping @Sendable () -> Void
    ) {
        self.snapshots = snapshots
        self.disk = disk
        self.observation = observation
        self.membershipObservation = membershipObservation
        self.onReceivedDatabase = onReceivedDatabase
        self.onRemoval = onRemoval
    }

    /// Names the transport, and links it with the members that are known.
    package func attach(_ transport: PeerTransport) {
        parts.withLock { $0.transport = transport }
    }

    package func attach(_ runtime: ReplicaRuntime) { parts.withLock { $0.runtime = runtime } }

    /// Names who answers requests of other members and tools.
    package func answer(with answer: @escaping Answering) { parts.withLock { $0.answer = answer } }

    package var transport: PeerTransport? { parts.withLock { $0.transport } }

    private var runtime: ReplicaRuntime? { parts.withLock { $0.runtime } }

    /// Ends all links.
    package func close() async {
        let transport = parts.withLock { parts in
            parts.runtime = nil
            parts.answer = nil
            return parts.transport.take()
        }
        // Channels that are gone already cannot fail to close.
        try? await transport?.stop().get()
    }
}

/// From the runtime to the others.
extension MemberLinks {
    package func send(_ messages: [Message]) { transport?.send(messages) }

    package func isConnected(to member: Raft.MemberID) -> Bool {
        transport?.activeSince(member) != nil
    }

    package func send(_ snapshot: OutgoingSnapshot) {
        guard let transport else {
            snapshot.database.end()
            runtime?.reportSnapshot(to: snapshot.message.to, isDelivered: false)
            return
        }
        let database = DatabaseView(snapshot.database) { [weak self] in
            self?.runtime?.applied ?? 0
        }
        transport.sendSnapshot(snapshot.message, database: database)
    }

    package func membershipChanged(_ membership: ClusterMembership) {
        let (transport, before, difference) = parts.withLock { parts in
            defer { parts.told = membership.members }
            return (parts.transport, parts.told, parts.follow(membership))
        }
        membershipObservation.note(from: before, to: membership.members)
        for (id, urls) in difference.added { transport?.addPeer(id, urls: urls) }
        for (id, urls) in difference.moved { transport?.updatePeer(id, urls: urls) }
        for id in difference.gone { transport?.removePeer(id) }
        transport?.setRemoved(difference.removed)
        if difference.isRemoved { onRemoval() }
    }
}

/// From the others to the runtime.
extension MemberLinks {
    package func receive(_ messages: [Message]) { runtime?.receive(messages) }

    package func reportUnreachable(_ id: Raft.MemberID) { runtime?.reportUnreachable(id) }

    package func reportSnapshot(_ id: Raft.MemberID, isDelivered: Bool) {
        runtime?.reportSnapshot(to: id, isDelivered: isDelivered)
    }

    package func wasRemoved() {
        let isNews = parts.withLock { parts in
            defer { parts.isRemoved = true }
            return !parts.isRemoved
        }
        if isNews { onRemoval() }
    }

    package func isRemoved(_ id: Raft.MemberID) -> Bool {
        parts.withLock { $0.removed.contains(id) }
    }

    package func beginSnapshot(_ message: Message) throws -> any SnapshotDestination {
        guard let snapshot = message.snapshot else { throw ReceivedDatabase.Refusal.noIndex }
        return try ReceivedDatabase(
            index: snapshot.index.rawValue, term: snapshot.term.rawValue, snapshots: snapshots,
            disk: disk, observe: onReceivedDatabase)
    }

    package func receiveSnapshot(_ message: Message) { runtime?.receive([message]) }

    package func respond(
        to request: PeerRequest, on loop: any EventLoop
    ) -> EventLoopFuture<PeerResponse> {
        guard let answer = parts.withLock({ $0.answer }) else {
            return loop.makeSucceededFuture(.notFound)
        }
        return answer(request, loop)
    }

    package func note(_ event: PeerEvent) { observation.note(event) }
}

/// What a change of membership means for the links.
private struct MembershipDifference {
    var added: [(Raft.MemberID, [String])] = []
    var moved: [(Raft.MemberID, [String])] = []
    var gone: [Raft.MemberID] = []
    var removed: [Raft.MemberID] = []
    /// This member itself was removed, and was not before.
    var isRemoved = false
}

extension MemberLinks.Parts {
    fileprivate mutating func follow(_ membership: ClusterMembership) -> MembershipDifference {
        var difference = MembershipDifference()
        var present: Set<Raft.MemberID> = []
        for member in membership.members where member.id != membership.localID {
            let id = Raft.MemberID(member.id.rawValue)
            present.insert(id)
            switch known[id] {
            case nil: difference.added.append((id, member.peerURLs))
            case member.peerURLs: continue
            default: difference.moved.append((id, member.peerURLs))
            }
            known[id] = member.peerURLs
        }
        difference.gone = known.keys.filter { !present.contains($0) }.sorted()
        for id in difference.gone { known[id] = nil }
        difference.removed = membership.removed.map { Raft.MemberID($0.rawValue) }
            .filter { !removed.contains($0) }.sorted()
        removed.formUnion(difference.removed)
        if membership.removed.contains(membership.localID), !isRemoved {
            isRemoved = true
            difference.isRemoved = true
        }
        return difference
    }
}
