/// Faults of a `MemoryDisk`, counted in operations so that a run is exactly repeatable.
///
/// Each counter is the number of operations that still succeed; the one after them fails, and the
/// counter is then nil again, unless it says otherwise. Nil means that nothing is planned.
package struct MemoryDiskFaults: Sendable {
    /// Successful synchronizations (of files and directories) before one fails. A part of the data
    /// that it covered is lost, as on a kernel that drops dirty pages after an error.
    package var synchronizesBeforeFailure: Int?

    /// Successful writes before one stores only a part of its bytes.
    package var writesBeforeShortWrite: Int?

    /// Successful reads before one fails with EIO.
    package var readsBeforeFailure: Int?

    /// Successful mappings before every further one fails with ENOMEM, as at a limit on address
    /// space.
    package var mapsBeforeFailure: Int?

    /// The error number of every attempt to make a hole; nil while they succeed.
    package var holeError: Int32?

    /// Sum of the lengths of all files at which the disk is full. A write stores the part that
    /// fits.
    package var capacityBytes: Int?

    /// Successful changes (of files and names) and synchronizations before every further one fails,
    /// as if the machine had stopped at that moment. Crash the disk then.
    package var changesBeforeHalt: Int?

    package init() {}

    /// Counts a change down; true from the first change on a stopped machine.
    mutating func isHalted() -> Bool {
        guard let left = changesBeforeHalt else { return false }
        if left > 0 { changesBeforeHalt = left - 1 }
        return left == 0
    }

    /// Counts a mapping down; true from the first one on that fails.
    mutating func refusesMapping() -> Bool {
        guard let left = mapsBeforeFailure else { return false }
        if left > 0 { mapsBeforeFailure = left - 1 }
        return left == 0
    }

    /// Counts one operation down; true when this is the one that fails.
    static func fires(_ counter: inout Int?) -> Bool {
        guard let left = counter else { return false }
        counter = left == 0 ? nil : left - 1
        return left == 0
    }
}
