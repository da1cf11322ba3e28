import Bolt
import GRPCServices
import Identifiers
import MonotonicClock
import PeerTransport
import Synchronization

/// A read transaction of the database as the image that is sent to another member.
final class DatabaseView: SnapshotSource {
    private let reading: BoltReadTransaction
    private let pace = Mutex(SnapshotPace())
    /// Index of the last entry that this member has applied.
    private let applied: @Sendable () -> LogIndex

    init(_ reading: BoltReadTransaction, applied: @escaping @Sendable () -> LogIndex) {
        self.reading = reading
        self.applied = applied
    }

    var sizeBytes: Int { reading.sizeBytes }

    func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) -> Int {
        reading.readPages(at: offset, into: memory)
    }

    func delay(afterBytes bytes: Int) -> TimeSpan {
        let applied = applied()
        return pace.withLock { $0.rest(afterBytes: bytes, applied: applied) }
    }

    func close() { reading.end() }
}
