internal import Synchronization

/// The deterministic twin of `RealDisk`: files in memory that remember what is durable.
///
/// What it guarantees after `crash(seed:)`:
/// - Everything that a successful `synchronize` covered is there, under the name that a successful
///   `synchronizeDirectory` covered.
/// - Of later changes an accidental part is there, which the seed decides: writes are kept, dropped
///   or torn at sectors of 512 bytes, in any order; names and sizes change in order up to a point.
/// - Nothing else changes, unless a fault was asked for.
///
/// It is stricter than most file systems: a file whose directory was never synchronized may be
/// gone although the file itself was. Renames stay inside one directory.
///
/// `@unchecked Sendable`: all state is touched under the one lock.
package final class MemoryDisk: Disk, @unchecked Sendable {
    private let mutex = Mutex<Void>(())
    var root = MemoryDirectoryNode()

    /// Counts crashes; files opened before the last one are dead.
    private(set) var generation = 0

    var usedBytes = 0

    /// Sum of the lengths of all files.
    package var sizeBytes: Int { mutex.withLock { _ in usedBytes } }

    /// Decides how much of a short write or a failed synchronization survives.
    var generator: SeededGenerator

    var faults = MemoryDiskFaults()

    /// - Parameter seed: Decides the extent of injected faults; crashes have their own seed.
    package init(seed: UInt64 = 0) {
        generator = SeededGenerator(seed: seed)
    }

    /// Plans faults, replacing those planned before.
    package func inject(_ planned: MemoryDiskFaults) {
        withLock { faults = planned }
    }

    /// Damages one bit of a file, silently.
    package func flipBit(_ bit: Int, of path: String, at offset: Int) throws(DiskError) {
        try withLock { () throws(DiskError) in
            guard case .file(let file) = try child(path) else { throw .notFound(path: path) }
            precondition(offset < file.live.count, "only a byte inside the file can be damaged")
            file.flipBit(bit, at: offset)
        }
    }

    /// A power failure: what was not synchronized survives by accident, as the seed decides. All
    /// open files are dead and their locks are gone; planned faults stay.
    package func crash(seed: UInt64) {
        withLock {
            var accident = SeededGenerator(seed: seed)
            root = root.afterCrash(&accident)
            usedBytes = root.sizeBytes()
            generation += 1
        }
    }

    /// The disk as `crash(seed:)` would leave it; this one goes on undisturbed.
    package func afterCrash(seed: UInt64) -> MemoryDisk {
        let result = MemoryDisk(seed: seed)
        withLock {
            var accident = SeededGenerator(seed: seed)
            result.root = root.afterCrash(&accident)
            result.usedBytes = result.root.sizeBytes()
        }
        return result
    }

    /// The death of the process: open files and locks are gone, written data stays.
    package func closeAllFiles() {
        withLock { generation += 1 }
    }

    func withLock<Result: Sendable>(
        _ body: () throws(DiskError) -> Result
    ) throws(DiskError) -> Result {
        try mutex.withLock { _ throws(DiskError) in try body() }
    }

    func withLock(_ body: () -> Void) {
        mutex.withLock { _ in body() }
    }

    /// Length that the file may grow to before the disk is full.
    func roomBytes(growing file: MemoryFileNode) -> Int {
        guard let capacity = faults.capacityBytes else { return .max }
        return max(file.live.count, capacity - (usedBytes - file.live.count))
    }
}
