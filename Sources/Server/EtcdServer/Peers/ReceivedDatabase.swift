import Disk
import PeerTransport
import Synchronization
import WriteAheadLog

/// The database of a snapshot while it comes in: a temporary file, which gets the snapshot's name
/// when it is whole and durable. A crash before that leaves what the next start removes.
final class ReceivedDatabase: SnapshotDestination {
    /// Why a database is not taken.
    enum Refusal: Error {
        case noIndex
        /// The same snapshot is coming in already.
        case underWay(index: UInt64)
    }

    private let index: UInt64
    private let snapshots: SnapshotStore
    private let disk: any Disk
    private let state: Mutex<State>

    private struct State {
        let file: any DiskFile
        var sizeBytes = 0
        var synchronizedBytes = 0
        var isOpen = true
    }

    /// Snapshots that are coming in; two of one index would write the same file.
    private static let underWay = Mutex<Set<String>>([])

    init(index: UInt64, snapshots: SnapshotStore, disk: any Disk) throws {
        let path = snapshots.temporaryDatabasePath(index: index)
        guard Self.underWay.withLock({ $0.insert(path).inserted }) else {
            throw Refusal.underWay(index: index)
        }
        self.index = index
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
        try snapshots.commitDatabase(index: index)
        _ = Self.underWay.withLock { $0.remove(path) }
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
