internal import Glibc

/// One open descriptor of `RealDisk`.
///
/// `@unchecked Sendable`: the file belongs to one thread at a time, as `DiskFile` requires. Using
/// it after `close` fails with `EBADF`; it never accesses a reused descriptor.
package final class RealDiskFile: DiskFile, @unchecked Sendable {
    package let path: String
    private let reserve: DescriptorReserve?
    private var descriptor: Int32

    // SEEK_DATA and SEEK_HOLE, which glibc declares for GNU programs only.
    private static let seekData: Int32 = 3
    private static let seekHole: Int32 = 4

    init(path: String, descriptor: Int32, reserve: DescriptorReserve?) {
        self.path = path
        self.descriptor = descriptor
        self.reserve = reserve
    }

    deinit {
        close()
    }

    package func size() throws(DiskError) -> Int {
        var status = stat()
        try systemCall(path, "fstat") { fstat(descriptor, &status) }
        return Int(status.st_size)
    }

    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(DiskError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = try systemCall(path, "pread") {
                pread(descriptor, base + done, buffer.count - done, offset + done)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    package func writtenRanges() throws(DiskError) -> [Range<Int>] {
        let size = try size()
        var ranges: [Range<Int>] = []
        var offset = 0
        while offset < size {
            let start = try seek(from: offset, Self.seekData) ?? size
            let end = try seek(from: start, Self.seekHole) ?? size
            if start < end { ranges.append(start..<end) }
            offset = max(end, offset + 1)
        }
        return ranges
    }

    /// nil when none follows.
    private func seek(from offset: Int, _ what: Int32) throws(DiskError) -> Int? {
        let found = lseek(descriptor, offset, what)
        if found >= 0 { return Int(found) }
        switch errno {
        case ENXIO: return nil
        // The file system does not report holes, so everything is data.
        case EINVAL: return what == Self.seekData ? offset : nil
        default: throw DiskError(errno, path: path, operation: "lseek")
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let count = try systemCall(path, "pwrite") {
                pwrite(descriptor, base + done, bytes.count - done, offset + done)
            }
            // The kernel writes less than requested when space runs out; the next call then reports
            // the reason. A call that writes nothing would loop forever.
            if count == 0 {
                throw .shortWrite(path: path, writtenBytes: done, askedBytes: bytes.count)
            }
            done += count
        }
    }

    package func synchronize() throws(DiskError) {
        try systemCall(path, "fdatasync") { fdatasync(descriptor) }
    }

    package func truncate(to size: Int) throws(DiskError) {
        try systemCall(path, "ftruncate") { ftruncate(descriptor, size) }
    }

    package func allocate(from offset: Int, count: Int) throws(DiskError) {
        if count == 0 { return }
        do {
            try systemCall(path, "fallocate") {
                AllocationCall.perform(descriptor, mode: 0, offset: offset, count: count)
            }
        } catch {
            guard case .system(_, _, let number) = error, number == EOPNOTSUPP else { throw error }
            // Some file systems cannot reserve blocks. Then only the length is extended.
            if try size() < offset + count { try truncate(to: offset + count) }
        }
    }

    package func punchHole(at offset: Int, count: Int) throws(DiskError) {
        if count == 0 { return }
        // Reading a hole of such a file in a mapping takes a page, and ends the process if there is
        // none left.
        guard FileSystemCall.type(of: descriptor) != FileSystemCall.tmpfs else {
            throw .system(path: path, operation: "fallocate", errno: EOPNOTSUPP)
        }
        let mode = AllocationCall.punchHoleMode
        try systemCall(path, "fallocate") {
            AllocationCall.perform(descriptor, mode: mode, offset: offset, count: count)
        }
    }

    package func lock() throws(DiskError) {
        do {
            try systemCall(path, "flock") { flock(descriptor, LOCK_EX | LOCK_NB) }
        } catch {
            if case .system(_, _, let number) = error, number == EWOULDBLOCK {
                throw .locked(path: path)
            }
            throw error
        }
    }

    package func map(reservingBytes: Int) throws(DiskError) -> any DiskMapping {
        precondition(reservingBytes > 0, "a mapping reserves at least one byte")
        let base = mmap(
            nil, reservingBytes, PROT_READ, MAP_SHARED | MAP_NORESERVE, descriptor, 0)
        guard let base, base != MAP_FAILED else {
            throw DiskError(errno, path: path, operation: "mmap")
        }
        return RealDiskMapping(
            base: UnsafeRawPointer(base), reservedBytes: reservingBytes, path: path)
    }

    package func close() {
        closeDescriptor(&descriptor, reserve)
    }
}
