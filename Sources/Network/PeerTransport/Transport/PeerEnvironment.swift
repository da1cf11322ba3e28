import Identifiers
import MonotonicClock
import NIOCore
import NIOPosix
import Synchronization

/// State shared by all parts of a transport.
final class PeerEnvironment: Sendable {
    let configuration: PeerTransportConfiguration
    /// A strong reference: the delegate stops the transport before it releases it.
    let delegate: any PeerTransportDelegate
    let statistics = PeerStatisticsTable()
    private let removed = Mutex<Set<MemberID>>([])
    /// Runs blocking disk I/O: reading and writing databases of snapshots.
    let diskThreads: NIOThreadPool

    /// Databases are transferred in chunks, so few threads serve many snapshots.
    private static let diskThreadCount = 2

    init(configuration: PeerTransportConfiguration, delegate: any PeerTransportDelegate) {
        self.configuration = configuration
        self.delegate = delegate
        diskThreads = NIOThreadPool(numberOfThreads: Self.diskThreadCount)
        diskThreads.start()
    }

    /// Refuses removed members permanently.
    func remove(_ ids: [MemberID]) {
        removed.withLock { $0.formUnion(ids) }
    }

    func isRemoved(_ id: MemberID) -> Bool {
        removed.withLock { $0.contains(id) } || delegate.isRemoved(id)
    }
}

/// Whether a member is active, and since when. Thread-safe.
final class PeerStatus: Sendable {
    private let id: MemberID
    private let environment: PeerEnvironment
    private let since = Mutex<MonotonicTime?>(nil)

    init(id: MemberID, environment: PeerEnvironment) {
        self.id = id
        self.environment = environment
    }

    /// The time since which it is active; nil if it is not.
    var activeSince: MonotonicTime? { since.withLock { $0 } }

    var isActive: Bool { activeSince != nil }

    func activate() {
        let changed = since.withLock { since in
            guard since == nil else { return false }
            since = MonotonicTime(.now())
            return true
        }
        guard changed else { return }
        environment.statistics.update(id) {
            $0.isActive = true
            $0.wasEverActive = true
        }
        environment.delegate.record(.becameActive(id))
    }

    /// - Parameters:
    ///   - action: the failed operation: dial, read, write.
    ///   - source: the channel on which it failed.
    func deactivate(_ action: String, on source: String, _ reason: String) {
        let changed = since.withLock { $0.take() != nil }
        guard changed else { return }
        environment.statistics.update(id) {
            $0.isActive = false
            $0.disconnections += 1
        }
        environment.delegate.record(
            .becameInactive(id, reason: "failed to \(action) \(id) on \(source) (\(reason))"))
    }

    /// The member was removed: it becomes inactive, which is not counted as a disconnection.
    func forget() {
        let changed = since.withLock { $0.take() != nil }
        if changed { environment.statistics.update(id) { $0.isActive = false } }
    }
}
