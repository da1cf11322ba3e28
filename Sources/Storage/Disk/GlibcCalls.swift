internal import Glibc

/// fallocate(2), which Swift's Glibc module does not export because glibc declares it for GNU
/// programs only. It is looked up by name once; its type is `int (int, int, off_t, off_t)`.
enum AllocationCall {
    /// Frees the blocks of the range and keeps the file's size.
    static let punchHoleMode: Int32 = 0x01 | 0x02  // KEEP_SIZE | PUNCH_HOLE of linux/falloc.h

    private typealias Function = @convention(c) (Int32, Int32, off_t, off_t) -> Int32

    private static let function: Function? = dlsym(nil, "fallocate").map {
        unsafeBitCast($0, to: Function.self)
    }

    /// Calls it; -1 with `errno` set when it fails or the C library lacks it.
    static func perform(_ descriptor: Int32, mode: Int32, offset: Int, count: Int) -> Int32 {
        guard let function else {
            errno = ENOSYS
            return -1
        }
        return function(descriptor, mode, off_t(offset), off_t(count))
    }
}

/// fstatfs(2), which Swift's Glibc module does not export either. Its type is
/// `int (int, struct statfs *)`; the structure has 120 bytes and begins with the type, a `long`.
enum FileSystemCall {
    /// TMPFS_MAGIC of linux/magic.h.
    static let tmpfs = 0x0102_1994

    private typealias Function = @convention(c) (Int32, UnsafeMutableRawPointer) -> Int32

    private static let function: Function? = dlsym(nil, "fstatfs").map {
        unsafeBitCast($0, to: Function.self)
    }

    /// The type of the file system that a file is in; nil if it is not known.
    static func type(of descriptor: Int32) -> Int? {
        guard let function else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { status in
            guard let base = status.baseAddress, function(descriptor, base) == 0 else { return nil }
            return base.load(as: Int.self)
        }
    }
}
