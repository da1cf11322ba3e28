internal import Glibc

/// A shared mapping over a file and the address space behind its end.
///
/// The kernel's page cache is shared with `write`, so what is written through the file is seen here
/// at once, and bytes that the file grows by appear at their offsets without the base moving.
/// Reading behind the present end of the file kills the process (SIGBUS): callers bound offsets by
/// a size they know, and never shrink a file below what a reader may touch.
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

    package func letGo(offset: Int, count: Int) {
        // The pages are the file's: they come back from its cache when they are read again.
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
