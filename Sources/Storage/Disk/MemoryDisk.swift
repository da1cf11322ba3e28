internal import Synchronization

/// The deterministic counterpart of `RealDisk`: files in memory that record what is durable.
///
/// Guarantees after `crash(seed:)`:
/// - Everything that a successful `synchronize` covered is there, under the name that a successful
///   `synchronizeDirectory` covered.
/// - Of later changes a random part is there, which the seed determines: writes are kept, dropped
///   or torn at sectors of 512 bytes, in any order; changes of names and sizes survive in order up
///   to a point.
/// - Nothing else changes, unless a fault was injected.
///
/// It is stricter than most file systems: a file whose directory was never synchronized may be lost
/// although the file itself was synchronized. Renames stay inside one directory.
///
/// `@unchecked Sendable`: all state is accessed under one lock.
package final class MemoryDisk: Disk, @unchecked Sendable {
    private let mutex = Mutex<Void>(())
    var root = MemoryDirectoryNode()

    /// Counts crashes; files opened before the last one are closed.
    private(set) var epoch = 0

    var usedBytes = 0

    /// Sum of the lengths of all files.
    package var sizeBytes: Int { mutex.withLock { _ in usedBytes } }

    /// Determines how much of a short write or a failed synchronization survives.
    var generator: SeededGenerator

    var faults = MemoryDiskFaults()

    /// Whether the synchronization of a directory has failed since the last power failure. A file
    /// system with a journal then accepts nothing until it is mounted again; here it goes on, but no
    /// process can make those names durable.
    package internal(set) var hasFailedDirectory = false

    /// - Parameter seed: Determines the extent of injected faults; crashes have their own seed.
    package init(seed: UInt64 = 0) {
        generator = SeededGenerator(seed: seed)
    }

    /// Plans faults and replaces those planned before.
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

    /// A power failure: unsynchronized data survives at random, determined by the seed. All open
    /// files are closed and their locks released; planned faults stay.
    package func crash(seed: UInt64) {
        withLock {
            var crashGenerator = SeededGenerator(seed: seed)
            root = root.afterCrash(&crashGenerator)
            usedBytes = root.sizeBytes()
            hasFailedDirectory = false
            epoch += 1
        }
    }

    /// A copy of the disk as `crash(seed:)` would leave it; this one is unchanged.
    package func afterCrash(seed: UInt64) -> MemoryDisk {
        let result = MemoryDisk(seed: seed)
        withLock {
            var crashGenerator = SeededGenerator(seed: seed)
            result.root = root.afterCrash(&crashGenerator)
            result.usedBytes = result.root.sizeBytes()
        }
        return result
    }

    /// The end of the process: open files and locks are gone, written data stays.
    package func closeAllFiles() {
        withLock { epoch += 1 }
    }

    func withLock<Result: Sendable>(
        _ body: () throws(DiskError) -> Result
    ) throws(DiskError) -> Result {
        try mutex.withLock { _ throws(DiskError) in try body() }
    }

    func withLock(_ body: () -> Void) {
        mutex.withLock { _ in body() }
    }

    /// Length that the file may grow to until the disk is full.
    func sizeBytesMax(growing file: MemoryFileNode) -> Int {
        guard let capacity = faults.capacityBytes else { return .max }
        return max(file.live.count, capacity - (usedBytes - file.live.count))
    }
}
