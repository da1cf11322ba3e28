internal import Glibc

/// The operations of `Disk`; each call holds the lock from start to end.
extension MemoryDisk {
    package func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        try withLock { () throws(DiskError) in
            let (parent, name) = try parent(of: path)
            let existing = parent.children[name]
            switch (existing, mode) {
            case (.some, .createNew): throw .alreadyExists(path: path)
            case (.directory, _): throw .system(path: path, operation: "open", errno: EISDIR)
            case (nil, .read), (nil, .readWrite): throw .notFound(path: path)
            case (.file(let file), _): return handle(file, path: path, writable: mode != .read)
            case (nil, .create), (nil, .createNew):
                try requireRunning(path, "open")
                let file = MemoryFileNode()
                parent.apply(.add(name, .file(file)))
                return handle(file, path: path, writable: true)
            }
        }
    }

    package func createDirectory(_ path: String, permissions: UInt32) throws(DiskError) {
        try withLock { () throws(DiskError) in
            var directory = root
            for name in components(path) {
                switch directory.children[name] {
                case .directory(let next): directory = next
                case .file: throw .alreadyExists(path: path)
                case nil:
                    let made = MemoryDirectoryNode()
                    directory.apply(.add(name, .directory(made)))
                    directory = made
                }
            }
        }
    }

    package func list(_ directory: String) throws(DiskError) -> [String] {
        try withLock { () throws(DiskError) in
            try self.directory(directory, operation: "opendir").sortedNames
        }
    }

    package func exists(_ path: String) -> Bool {
        do throws(DiskError) {
            return try withLock { () throws(DiskError) in
                _ = try child(path)
                return true
            }
        } catch {
            return false
        }
    }

    package func rename(_ source: String, to destination: String) throws(DiskError) {
        try withLock { () throws(DiskError) in
            try requireRunning(source, "rename")
            let moved = try child(source)
            let (parent, name) = try parent(of: source)
            let (newParent, newName) = try self.parent(of: destination)
            if parent !== newParent {
                throw .system(path: source, operation: "rename", errno: EXDEV)
            }
            if name == newName { return }
            try checkReplaceable(parent.children[newName], by: moved, path: source)
            forgetSize(parent.children[newName])
            parent.apply(.rename(name, to: newName))
        }
    }

    package func remove(_ path: String) throws(DiskError) {
        try withLock { () throws(DiskError) in
            try requireRunning(path, "unlink")
            guard case .file(let file) = try child(path) else {
                throw .system(path: path, operation: "unlink", errno: EISDIR)
            }
            forgetSize(.file(file))
            let (parent, name) = try parent(of: path)
            parent.apply(.remove(name))
        }
    }

    package func removeDirectory(_ path: String) throws(DiskError) {
        try withLock { () throws(DiskError) in
            let node = try directory(path, operation: "rmdir")
            if !node.children.isEmpty {
                throw .system(path: path, operation: "rmdir", errno: ENOTEMPTY)
            }
            let (parent, name) = try parent(of: path)
            parent.apply(.remove(name))
        }
    }

    package func openDirectory(_ path: String) throws(DiskError) -> any DiskDirectory {
        try withLock { () throws(DiskError) in
            _ = try directory(path, operation: "open")
        }
        return MemoryDiskDirectory(disk: self, path: path)
    }

    fileprivate func synchronizeNames(_ path: String) throws(DiskError) {
        try withLock { () throws(DiskError) in
            try requireRunning(path, "fsync")
            let node = try directory(path, operation: "fsync")
            if MemoryDiskFaults.fires(&faults.synchronizesBeforeFailure) {
                node.failSynchronize(&generator)
                hasFailedDirectory = true
                throw .system(path: path, operation: "fsync", errno: EIO)
            }
            node.synchronize()
        }
    }

    /// Length of a file; nil when it does not exist.
    package func fileSizeBytes(_ path: String) -> Int? {
        let size = try? withLock { () throws(DiskError) -> Int? in
            guard case .file(let file) = try child(path) else { return nil }
            return file.live.count
        }
        return size ?? nil
    }

    private func requireRunning(_ path: String, _ operation: String) throws(DiskError) {
        guard faults.isHalted() else { return }
        throw .system(path: path, operation: operation, errno: EIO)
    }
}

/// An open directory of a `MemoryDisk`, by its path.
private final class MemoryDiskDirectory: DiskDirectory {
    private let disk: MemoryDisk
    private let path: String

    init(disk: MemoryDisk, path: String) {
        self.disk = disk
        self.path = path
    }

    func synchronize() throws(DiskError) { try disk.synchronizeNames(path) }

    func close() {}
}
