import Disk
import PeerTransport
import SnapshotRestore
import StateMachine
import Synchronization
import WriteAheadLog

/// The database of a snapshot while it comes in: a temporary file, which gets the snapshot's name
/// when it is whole, durable and found to be sound. A crash before that leaves what the next start
/// removes.
final class ReceivedDatabase: SnapshotDestination {
    /// Why a database is not taken.
    enum Refusal: Error {
        case noIndex
        /// The same snapshot is coming in already.
        case underWay(index: UInt64)
    }

    private let index: UInt64
    private let term: UInt64
    private let snapshots: SnapshotStore
    private let disk: any Disk
    private let state: Mutex<State>
    private let observe: @Sendable (Finding) -> Void

    /// A result of checking the received database that has to be logged.
    enum Finding: Sendable {
        case oldMark(SnapshotDatabase.OldMark, index: UInt64)
        case refused(StateRefusal, index: UInt64)
    }

    private struct State {
        let file: any DiskFile
        var sizeBytes = 0
        var synchronizedBytes = 0
        var isOpen = true
    }

    /// Snapshots that are coming in; two of one index would write the same file.
    private static let underWay = Mutex<Set<String>>([])

    /// - Parameter observe: told of what the check has found.
    init(
        index: UInt64, term: UInt64, snapshots: SnapshotStore, disk: any Disk,
        observe: @escaping @Sendable (Finding) -> Void
    ) throws {
        let path = snapshots.temporaryDatabasePath(index: index)
        guard Self.underWay.withLock({ $0.insert(path).inserted }) else {
            throw Refusal.underWay(index: index)
        }
        self.index = index
        self.term = term
        self.observe = observe
        self.snapshots = snapshots
        self.disk = disk
        do {
            let file = try disk.open(path, .create(permissions: 0o600))
            try file.truncate(to: 0)
            state = Mutex(State(file: file))
        } catch {
            _ = Self.underWay.withLock { $0.remove(path) }
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
            try state.file.synchronize()
            state.file.close()
            state.isOpen = false
        }
        try check()
        try snapshots.commitDatabase(index: index)
        _ = Self.underWay.withLock { $0.remove(path) }
    }

    /// A database that is not served is refused while the member still has its own.
    private func check() throws(StateRefusal) {
        do throws(StateRefusal) {
            let mark = try SnapshotDatabase(disk: disk, path: path).accept(index: index, term: term)
            if let mark { observe(.oldMark(mark, index: index)) }
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
        // What cannot be removed now is removed by the next start.
        if disk.exists(path) { try? disk.remove(path) }
        _ = Self.underWay.withLock { $0.remove(path) }
    }
}
