internal import Glibc

/// Path lookups in the tree; callers hold the lock.
extension MemoryDisk {
    func components(_ path: String) -> [String] {
        path.utf8.split(separator: 0x2F).map { String(Substring($0)) }.filter { $0 != "." }
    }

    func parent(
        of path: String
    ) throws(DiskError) -> (directory: MemoryDirectoryNode, name: String) {
        let names = components(path)
        guard let name = names.last else {
            throw .system(path: path, operation: "open", errno: EINVAL)
        }
        var directory = root
        for part in names.dropLast() {
            switch directory.children[part] {
            case .directory(let next): directory = next
            case .file: throw .system(path: path, operation: "open", errno: ENOTDIR)
            case nil: throw .notFound(path: path)
            }
        }
        return (directory, name)
    }

    func child(_ path: String) throws(DiskError) -> MemoryDirectoryNode.Child {
        if components(path).isEmpty { return .directory(root) }
        let (parent, name) = try parent(of: path)
        guard let child = parent.children[name] else { throw .notFound(path: path) }
        return child
    }

    func directory(
        _ path: String, operation: String
    ) throws(DiskError) -> MemoryDirectoryNode {
        guard case .directory(let node) = try child(path) else {
            throw .system(path: path, operation: operation, errno: ENOTDIR)
        }
        return node
    }

    func handle(_ file: MemoryFileNode, path: String, writable: Bool) -> MemoryDiskFile {
        MemoryDiskFile(
            path: path, disk: self, node: file, writable: writable, epoch: epoch)
    }

    func forgetSize(_ child: MemoryDirectoryNode.Child?) {
        if case .file(let file) = child { usedBytes -= file.live.count }
    }

    func checkReplaceable(
        _ old: MemoryDirectoryNode.Child?, by new: MemoryDirectoryNode.Child, path: String
    ) throws(DiskError) {
        switch (old, new) {
        case (nil, _), (.file, .file): return
        case (.directory(let node), .directory):
            if !node.children.isEmpty {
                throw .system(path: path, operation: "rename", errno: ENOTEMPTY)
            }
        case (.file, .directory): throw .system(path: path, operation: "rename", errno: ENOTDIR)
        case (.directory, .file): throw .system(path: path, operation: "rename", errno: EISDIR)
        }
    }
}
