internal import Glibc

/// The file system of this machine, through plain system calls.
///
/// Any thread may use it. Descriptors are opened close-on-exec and calls interrupted by a signal
/// are repeated. Where no descriptor is left, one of the reserve is given up for the file. Nothing
/// else is cached or retried: a caller sees every other failure once.
package final class RealDisk: Disk {
    private let reserve: DescriptorReserve?

    /// - Parameter reserve: Descriptors for the files of a disk that must not fail for want of one.
    package init(reserve: DescriptorReserve? = nil) {
        self.reserve = reserve
    }

    package func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        let flags: Int32
        var permissions: UInt32 = 0
        switch mode {
        case .read: flags = O_RDONLY
        case .readWrite: flags = O_RDWR
        case .create(let bits): (flags, permissions) = (O_RDWR | O_CREAT, bits)
        case .createNew(let bits): (flags, permissions) = (O_RDWR | O_CREAT | O_EXCL, bits)
        }
        let descriptor = try openDescriptor(path, flags, permissions: permissions)
        return RealDiskFile(path: path, descriptor: descriptor, reserve: reserve)
    }

    /// Opens a path, giving up descriptors of the reserve while none is left. Another thread may
    /// take a descriptor that was given up; then the next one is given up.
    private func openDescriptor(
        _ path: String, _ flags: Int32, permissions: UInt32 = 0
    ) throws(DiskError) -> Int32 {
        while true {
            let descriptor = Glibc.open(
                path, flags | O_CLOEXEC, mode_t(truncatingIfNeeded: permissions))
            if descriptor >= 0 { return descriptor }
            let number = errno
            if number == EINTR { continue }
            if DescriptorReserve.isShortage(number), reserve?.giveUp() ?? false { continue }
            throw DiskError(number, path: path, operation: "open")
        }
    }

    package func createDirectory(_ path: String, permissions: UInt32) throws(DiskError) {
        if isDirectory(path) { return }
        let parent = DiskPath.parent(of: path)
        if parent != path, !isDirectory(parent) {
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
        let descriptor = try openDescriptor(directory, O_RDONLY | O_DIRECTORY)
        let opened = RealDiskDirectory(path: directory, descriptor: descriptor, reserve: reserve)
        var names = try opened.takeNames()
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

    package func openDirectory(_ path: String) throws(DiskError) -> any DiskDirectory {
        let descriptor = try openDescriptor(path, O_RDONLY | O_DIRECTORY)
        return RealDiskDirectory(path: path, descriptor: descriptor, reserve: reserve)
    }

    private func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
