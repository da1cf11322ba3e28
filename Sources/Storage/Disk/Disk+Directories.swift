internal import Glibc

extension Disk {
    /// Makes creations, renames and removals in the directory durable.
    package func synchronizeDirectory(_ path: String) throws(DiskError) {
        let directory = try openDirectory(path)
        defer { directory.close() }
        try directory.synchronize()
    }

    /// Whether a directory cannot be opened or synchronized because of what it is.
    private static func isForeign(_ number: Int32) -> Bool {
        [EACCES, EPERM, EROFS, EINVAL, EOPNOTSUPP].contains(number)
    }

    /// Creates a directory and its missing parents; the name of each is durable before the next is
    /// made in it. Existing ones are unchanged; the name of the deepest is made durable too, since
    /// the process that created it may have ended before that.
    package func createDurableDirectory(
        _ path: String, permissions: UInt32
    ) throws(DiskError) {
        var missing: [String] = []
        var existing = path
        while !exists(existing), existing != DiskPath.parent(of: existing) {
            missing.append(existing)
            existing = DiskPath.parent(of: existing)
        }
        do throws(DiskError) {
            try synchronizeDirectory(DiskPath.parent(of: existing))
        } catch .system(_, _, let number) where Self.isForeign(number) {
            // Not a directory of ours, or of another file system.
        }
        if missing.isEmpty { return try createDirectory(path, permissions: permissions) }
        for directory in missing.reversed() {
            try createDirectory(directory, permissions: permissions)
            try synchronizeDirectory(DiskPath.parent(of: directory))
        }
    }
}

/// What can be said of a path without asking the disk.
package enum DiskPath {
    /// The directory that the path is in: `.` for a name alone, `/` for itself. Slashes at the end
    /// of the path do not count.
    package static func parent(of path: String) -> String {
        var bytes = path.utf8[...]
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        bytes = bytes[..<slash]
        while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        return bytes.isEmpty ? "/" : String(decoding: bytes, as: UTF8.self)
    }
}
