import Raft

/// How long the log has written nothing although it should: the health of its disk.
///
/// Counted from the last write that was finished while others waited, not from when the oldest of
/// them was handed out: the log synchronizes all that waits at once, so one that comes while it
/// is busy waits for up to two turns of a disk that is slow and works.
///
/// Only writes that need an fdatasync count. A commit index that moved is written along with the
/// next of them, and may wait for as long as that takes.
struct LogHealth: Sendable {
    /// The newest write that needs an fdatasync and is not finished.
    private var newest: WriteNumber?
    /// Ticks for which nothing was finished; zero while nothing waits.
    private(set) var waitedTicks = 0

    mutating func handOut(_ write: LogWrite) {
        if write.mustSynchronize { newest = write.number }
    }

    /// The write of this number and all before it are durable.
    mutating func finish(_ number: WriteNumber) {
        waitedTicks = 0
        if let newest, newest <= number { self.newest = nil }
    }

    mutating func tick() {
        if newest != nil { waitedTicks += 1 }
    }
}
