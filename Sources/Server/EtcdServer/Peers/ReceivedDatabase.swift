import Disk
import Identifiers
import MonotonicClock
import PeerTransport
import SnapshotRestore
import StateMachine
import Synchronization
import Telemetry
import WriteAheadLog

/// The database of a snapshot while it is received: a temporary file, renamed to the snapshot's
/// name when it is complete, durable and verified. After a crash the next start removes it.
final class ReceivedDatabase: SnapshotDestination {
    /// Why a database is refused.
    enum Refusal: Error {
        case noIndex
        /// The same snapshot is being received already.
        case inProgress(index: LogIndex)
    }

    private let index: LogIndex
    private let term: Term
    private let snapshots: SnapshotStore
    private let disk: any Disk
    private let state: Mutex<State>
    private let metrics: PeerMetrics
    private let observe: @Sendable (Finding) -> Void

    /// A result of checking the received database that has to be logged.
    enum Finding: Sendable {
        case replacedIndex(SnapshotDatabase.ReplacedIndex, index: LogIndex)
        case refused(StateRefusal, index: LogIndex)
    }

    private struct State {
        let file: any DiskFile
        var sizeBytes = 0
        var synchronizedBytes = 0
        var isOpen = true
    }

    /// Snapshots being received; two with the same index would write the same file.
    private static let inProgress = Mutex<Set<String>>([])

    /// - Parameter observe: called with the findings of the check.
    init(
        index: LogIndex, term: Term, snapshots: SnapshotStore, disk: any Disk,
        metrics: PeerMetrics,
        observe: @escaping @Sendable (Finding) -> Void
    ) throws {
        let path = snapshots.temporaryDatabasePath(index: index)
        guard Self.inProgress.withLock({ $0.insert(path).inserted }) else {
            throw Refusal.inProgress(index: index)
        }
        self.index = index
        self.term = term
        self.observe = observe
        self.snapshots = snapshots
        self.metrics = metrics
        self.disk = disk
        do {
            let file = try disk.open(path, .create(permissions: 0o600))
            try file.truncate(to: 0)
            state = Mutex(State(file: file))
        } catch {
            _ = Self.inProgress.withLock { $0.remove(path) }
            throw error
        }
    }

    private var path: String { snapshots.temporaryDatabasePath(index: index) }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            try state.file.write(bytes, at: state.sizeBytes)
            state.sizeBytes += bytes.count
            guard state.sizeBytes - state.synchronizedBytes >= DiskShare.unsynchronizedBytesMax
            else {
                return
            }
            try state.file.synchronize()
            state.synchronizedBytes = state.sizeBytes
        }
    }

    func finish() throws {
        try state.withLock { state in
            let began = MonotonicTime.now()
            try state.file.synchronize()
            metrics.databaseSynchronized(took: .now() - began)
            state.file.close()
            state.isOpen = false
        }
        try check()
        try snapshots.commitDatabase(index: index)
        _ = Self.inProgress.withLock { $0.remove(path) }
    }

    /// Refuses a database that cannot be served, while the member still has its own.
    private func check() throws(StateRefusal) {
        do throws(StateRefusal) {
            let database = SnapshotDatabase(disk: disk, path: path)
            let replaced = try database.accept(index: index, term: term)
            if let replaced { observe(.replacedIndex(replaced, index: index)) }
        } catch {
            observe(.refused(error, index: index))
            throw error
        }
    }

    func abandon() {
        state.withLock { state in
            if state.isOpen { state.file.close() }
            state.isOpen = false
        }
        // If the removal fails, the next start removes the file.
        if disk.exists(path) { try? disk.remove(path) }
        _ = Self.inProgress.withLock { $0.remove(path) }
    }
}
