import NIOCore
import NIOPosix
import Raft
import Synchronization

/// What all parts of a transport share.
final class PeerEnvironment: Sendable {
    let settings: PeerTransportSettings
    /// Held as long as the transport, which its owner stops before letting go of it.
    let owner: any PeerTransportOwner
    let ledger = PeerLedger()
    private let removed = Mutex<Set<MemberID>>([])
    /// Runs what waits for a disk: reading and writing databases of snapshots.
    let diskThreads: NIOThreadPool

    /// Databases move in pieces, so few threads serve many snapshots.
    private static let diskThreadCount = 2

    init(settings: PeerTransportSettings, owner: any PeerTransportOwner) {
        self.settings = settings
        self.owner = owner
        diskThreads = NIOThreadPool(numberOfThreads: Self.diskThreadCount)
        diskThreads.start()
    }

    /// Refuses members for good.
    func remove(_ ids: [MemberID]) {
        removed.withLock { $0.formUnion(ids) }
    }

    func isRemoved(_ id: MemberID) -> Bool {
        removed.withLock { $0.contains(id) } || owner.isRemoved(id)
    }
}

/// Whether a member answers, and since when. Any thread may ask.
final class PeerStatus: Sendable {
    private let id: MemberID
    private let environment: PeerEnvironment
    private let since = Mutex<Int64?>(nil)

    init(id: MemberID, environment: PeerEnvironment) {
        self.id = id
        self.environment = environment
    }

    /// Milliseconds of the monotonic clock since when it is active; nil while it is not.
    var activeSince: Int64? { since.withLock { $0 } }

    var isActive: Bool { activeSince != nil }

    func activate() {
        let changed = since.withLock { since in
            guard since == nil else { return false }
            since = Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
            return true
        }
        guard changed else { return }
        environment.ledger.count(id) {
            $0.isActive = true
            $0.wasEverActive = true
        }
        environment.owner.note(.becameActive(id))
    }

    /// - Parameters:
    ///   - action: what failed: dial, read, write.
    ///   - source: the channel it failed on.
    func deactivate(_ action: String, on source: String, _ reason: String) {
        let changed = since.withLock { $0.take() != nil }
        guard changed else { return }
        environment.ledger.count(id) {
            $0.isActive = false
            $0.disconnections += 1
        }
        environment.owner.note(
            .becameInactive(id, reason: "failed to \(action) \(id.text) on \(source) (\(reason))"))
    }

    /// The member is no longer one: it is neither active nor was it lost.
    func forget() {
        let changed = since.withLock { $0.take() != nil }
        if changed { environment.ledger.count(id) { $0.isActive = false } }
    }
}
