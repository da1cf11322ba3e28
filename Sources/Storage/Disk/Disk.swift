/// The file-system abstraction: all file access of this program goes through these protocols.
///
/// `RealDisk` makes the system calls; `MemoryDisk` is the deterministic in-memory implementation
/// for simulation. Paths are plain strings with `/` as separator. All calls are synchronous; each
/// file object is used by one thread at a time, except `DiskMapping`, which any thread may read.
package protocol Disk: AnyObject, Sendable {
    /// Opens a file. The mode decides whether it may exist, must exist or is created.
    func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile

    /// Creates a directory and its missing parents; existing ones are unchanged.
    func createDirectory(_ path: String, permissions: UInt32) throws(DiskError)

    /// Names in a directory, ascending by bytes, without `.` and `..`.
    func list(_ directory: String) throws(DiskError) -> [String]

    /// Whether a file or directory of that name exists.
    func exists(_ path: String) -> Bool

    /// Atomically replaces `destination` by `source`; durable once the directory is
    /// synchronized.
    func rename(_ source: String, to destination: String) throws(DiskError)

    /// Removes a file. A missing file is an error (`.notFound`).
    func remove(_ path: String) throws(DiskError)

    /// Removes an empty directory.
    func removeDirectory(_ path: String) throws(DiskError)

    /// Opens a directory, to make changes of its names durable.
    func openDirectory(_ path: String) throws(DiskError) -> any DiskDirectory
}

/// An open directory. It is used by one thread at a time.
package protocol DiskDirectory: AnyObject, Sendable {
    /// Makes creations, renames and removals in the directory durable.
    func synchronize() throws(DiskError)

    /// Closes the directory.
    func close()
}

/// How `Disk.open` treats the file.
package enum DiskOpenMode: Sendable, Equatable {
    /// Must exist; reads only.
    case read
    /// Must exist; reads and writes.
    case readWrite
    /// Created with these permission bits (before umask) when missing; reads and writes.
    case create(permissions: UInt32)
    /// Must not exist yet.
    case createNew(permissions: UInt32)
}

/// An open file. Offsets and counts are bytes.
package protocol DiskFile: AnyObject, Sendable {
    /// The path it was opened with.
    var path: String { get }

    /// Current length of the file.
    func size() throws(DiskError) -> Int

    /// Reads up to the buffer's length from `offset`; fewer bytes mean the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskError) -> Int

    /// The ranges outside which the file reads as zeros, ascending. Reserved space that was never
    /// written is outside, unless it has been read already.
    func writtenRanges() throws(DiskError) -> [Range<Int>]

    /// Writes all bytes at `offset` or throws; a short write is an error.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskError)

    /// Makes the written data durable (fdatasync). A failure is final: the caller must stop.
    func synchronize() throws(DiskError)

    /// Truncates the file to `size`, or extends it with zeros.
    func truncate(to size: Int) throws(DiskError)

    /// Reserves blocks for the range and extends the file over it, reading as zeros.
    func allocate(from offset: Int, count: Int) throws(DiskError)

    /// Returns the blocks of the range to the file system; it reads as zeros afterwards. Where the
    /// file system cannot do that, `isUnsupported` holds for the error.
    func punchHole(at offset: Int, count: Int) throws(DiskError)

    /// Takes the exclusive advisory lock (flock) without waiting; throws `.locked` when another
    /// holder has it.
    func lock() throws(DiskError)

    /// Maps the file read-only and reserves address space so that growing never moves it.
    func map(reservingBytes: Int) throws(DiskError) -> any DiskMapping

    /// Closes the file and releases its lock. Mappings stay valid.
    func close()
}

/// A read-only view of a file whose base address never changes.
package protocol DiskMapping: AnyObject, Sendable {
    /// First byte of the file.
    var base: UnsafeRawPointer { get }

    /// Bytes reserved; offsets below both this and the file's current size may be read.
    var reservedBytes: Int { get }

    /// Advises the kernel that the range is about to be read in order (`MADV_WILLNEED`).
    func willNeed(offset: Int, count: Int)

    /// Advises the kernel that the range is not needed in memory for now (`MADV_DONTNEED`); reading
    /// it remains allowed.
    func dontNeed(offset: Int, count: Int)

    /// Locks the range in memory from now on; it is within the file.
    func lock(offset: Int, count: Int) throws(DiskError)
}

/// Why a disk operation failed.
package enum DiskError: Error, Equatable, Sendable {
    case notFound(path: String)
    case alreadyExists(path: String)
    /// Another process holds the lock.
    case locked(path: String)
    /// No space left on the device, or the quota is exceeded.
    case full(path: String, operation: String)
    /// Fewer bytes were written than asked for.
    case shortWrite(path: String, writtenBytes: Int, askedBytes: Int)
    /// Any other system error.
    case system(path: String, operation: String, errno: Int32)
}
