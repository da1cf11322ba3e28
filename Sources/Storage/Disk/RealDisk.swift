internal import Glibc

/// The file system of this machine, through plain system calls.
///
/// It holds no state, so any thread may use it. Descriptors are opened close-on-exec, calls
/// interrupted by a signal are repeated, and nothing is cached or retried beyond that: a caller
/// sees every failure once.
package final class RealDisk: Disk {
    package init() {}

    package func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        let flags: Int32
        var permissions: UInt32 = 0
        switch mode {
        case .read: flags = O_RDONLY
        case .readWrite: flags = O_RDWR
        case .create(let bits): (flags, permissions) = (O_RDWR | O_CREAT, bits)
        case .createNew(let bits): (flags, permissions) = (O_RDWR | O_CREAT | O_EXCL, bits)
        }
        let descriptor = try systemCall(path, "open") {
            Glibc.open(path, flags | O_CLOEXEC, mode_t(truncatingIfNeeded: permissions))
        }
        return RealDiskFile(path: path, descriptor: descriptor)
    }

    package func createDirectory(_ path: String, permissions: UInt32) throws(DiskError) {
        if isDirectory(path) { return }
        if let parent = parentDirectory(of: path), !isDirectory(parent) {
            try createDirectory(parent, permissions: permissions)
        }
        do {
            try systemCall(path, "mkdir") { mkdir(path, mode_t(truncatingIfNeeded: permissions)) }
        } catch .alreadyExists {
            // Another process may have created the directory; a file of that name is an error.
            guard !isDirectory(path) else { return }
            throw .system(path: path, operation: "mkdir", errno: ENOTDIR)
        }
    }

    package func list(_ directory: String) throws(DiskError) -> [String] {
        guard let stream = opendir(directory) else {
            throw DiskError(errno, path: directory, operation: "opendir")
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E] && name != [0x2E, 0x2E] { names.append(name) }
        }
        let failure = errno
        if failure != 0 { throw DiskError(failure, path: directory, operation: "readdir") }
        names.sort { $0.lexicographicallyPrecedes($1) }
        return names.map { String(decoding: $0, as: UTF8.self) }
    }

    package func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    package func rename(_ source: String, to destination: String) throws(DiskError) {
        try systemCall(source, "rename") { Glibc.rename(source, destination) }
    }

    package func remove(_ path: String) throws(DiskError) {
        try systemCall(path, "unlink") { unlink(path) }
    }

    package func removeDirectory(_ path: String) throws(DiskError) {
        try systemCall(path, "rmdir") { rmdir(path) }
    }

    package func synchronizeDirectory(_ path: String) throws(DiskError) {
        let descriptor = try systemCall(path, "open") {
            Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        defer { Glibc.close(descriptor) }
        try systemCall(path, "fsync") { fsync(descriptor) }
    }

    private func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private func parentDirectory(of path: String) -> String? {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == 0x2F { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: 0x2F) else { return nil }
        return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }
}
