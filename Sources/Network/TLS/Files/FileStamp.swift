internal import Glibc

/// What distinguishes a changed file from an unchanged one, without reading it.
struct FileStamp: Hashable, Sendable {
    private var modifiedNanoseconds: Int64 = 0
    private var changedNanoseconds: Int64 = 0
    private var sizeBytes: Int64 = 0
    private var inode: UInt64 = 0
    private var device: UInt64 = 0
    /// 0, or why there is no such information.
    private var error: Int32 = 0

    /// Symbolic links are followed. An empty path is a file that never changes.
    init(_ path: String) {
        guard !path.isEmpty else { return }
        var information = stat()
        guard stat(path, &information) == 0 else {
            error = errno
            return
        }
        modifiedNanoseconds = Self.nanoseconds(information.st_mtim)
        changedNanoseconds = Self.nanoseconds(information.st_ctim)
        sizeBytes = Int64(information.st_size)
        inode = UInt64(information.st_ino)
        device = UInt64(information.st_dev)
    }

    /// Whether the file was written so shortly before `time` that a later write in the same tick of
    /// the kernel's clock would leave the stamp as it is.
    func isRecent(at time: WallClock) -> Bool {
        let nanoseconds = time.seconds &* 1_000_000_000 &+ time.nanoseconds
        return nanoseconds &- changedNanoseconds < 50_000_000
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
