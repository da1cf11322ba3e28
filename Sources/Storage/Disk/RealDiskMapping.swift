internal import Glibc

/// A shared mapping of a file and the address space after its end.
///
/// The kernel's page cache is shared with `write`, so data written through the file is visible here
/// at once, and bytes by which the file grows appear at their offsets without moving the base.
/// Reading after the current end of the file kills the process (SIGBUS): callers bound offsets by a
/// known size, and never shrink a file below what a reader may access.
package final class RealDiskMapping: DiskMapping, @unchecked Sendable {
    // `@unchecked Sendable`: all values are constant and the memory is read-only.
    package let base: UnsafeRawPointer
    package let reservedBytes: Int

    private let path: String

    init(base: UnsafeRawPointer, reservedBytes: Int, path: String) {
        self.path = path
        self.base = base
        self.reservedBytes = reservedBytes
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: base), reservedBytes)
    }

    package func willNeed(offset: Int, count: Int) {
        // Only advice: without read-ahead the reads are slower, not wrong.
        advise(offset, count, MADV_WILLNEED)
    }

    package func dontNeed(offset: Int, count: Int) {
        // The pages belong to the file: they are read again from its cache on access.
        advise(offset, count, MADV_DONTNEED)
    }

    package func lock(offset: Int, count: Int) throws(DiskError) {
        let pageSizeBytes = sysconf(Int32(_SC_PAGESIZE))
        let start = max(0, offset) / pageSizeBytes * pageSizeBytes
        let end = min(offset + count, reservedBytes)
        if start >= end { return }
        try systemCall(path, "mlock") { mlock(base + start, end - start) }
    }

    private func advise(_ offset: Int, _ count: Int, _ advice: Int32) {
        let pageSizeBytes = sysconf(Int32(_SC_PAGESIZE))
        let start = max(0, offset) / pageSizeBytes * pageSizeBytes
        let end = min(offset + count, reservedBytes)
        if start >= end { return }
        _ = madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, advice)
    }
}
