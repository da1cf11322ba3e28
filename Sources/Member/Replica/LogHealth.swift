import Raft

/// How long the log has written nothing although it should: the health of its disk.
///
/// Counted from the last finished write while others waited, not from when the oldest of them was
/// issued: the log synchronizes all queued writes at once, so one that comes while it is busy waits
/// for up to two synchronizations of a slow but working disk.
///
/// Only writes that need an fdatasync count. A changed commit index is written with the next of
/// them, and may wait for as long as that takes.
struct LogHealth: Sendable {
    /// The newest write that needs an fdatasync and is not finished.
    private var newest: WriteNumber?
    /// Ticks without a finished write; zero while none is pending.
    private(set) var waitedTicks = 0

    mutating func handOut(_ write: LogWrite) {
        if write.mustSynchronize { newest = write.number }
    }

    /// The write of this number and all earlier ones are durable.
    mutating func finish(_ number: WriteNumber) {
        waitedTicks = 0
        if let newest, newest <= number { self.newest = nil }
    }

    mutating func tick() {
        if newest != nil { waitedTicks += 1 }
    }
}
