package import EtcdAPI
internal import CCRC32C
internal import Disk

extension SnapshotStore {
    /// The newest snapshot that the log records, nil when there is none.
    ///
    /// Damaged files get the suffix `.broken` and the next older one is tried, as in etcd.
    ///
    /// - Parameter known: The result of `WriteAheadLog.validSnapshots`; nil accepts every snapshot.
    package func loadNewest(
        matching known: [LogSnapshotRecord]? = nil
    ) throws(SnapshotStoreError) -> RaftSnapshot? {
        for name in try snapshotNames().reversed() {
            guard let snapshot = try loadOrSetAside(name) else { continue }
            let metadata = snapshot.metadata
            guard let known else { return snapshot }
            if known.contains(where: { $0.index == metadata.index && $0.term == metadata.term }) {
                return snapshot
            }
        }
        return nil
    }

    /// Names of the `.snap` files, oldest first.
    package func snapshotNames() throws(SnapshotStoreError) -> [String] {
        let names = try run { () throws(DiskError) in try disk.list(directory) }
        return names.filter {
            $0.utf8.suffix(5).elementsEqual(".snap".utf8) && !$0.hasPrefix("tmp")
        }
    }

    /// Reads one file and checks it.
    package func load(_ name: String) throws(SnapshotStoreError) -> RaftSnapshot {
        let content = try run { () throws(DiskError) in try readAll(directory + "/" + name) }
        return try Self.decode(content, name: name)
    }

    private func loadOrSetAside(_ name: String) throws(SnapshotStoreError) -> RaftSnapshot? {
        do throws(SnapshotStoreError) {
            return try load(name)
        } catch {
            // A read error of the disk does not mean that the file is damaged.
            if case .disk = error { throw error }
        }
        let path = directory + "/" + name
        try run { () throws(DiskError) in try disk.rename(path, to: path + ".broken") }
        return nil
    }

    /// Checks and decodes the content of a `.snap` file; no input makes it trap.
    static func decode(
        _ content: [UInt8], name: String
    ) throws(SnapshotStoreError) -> RaftSnapshot {
        if content.isEmpty { throw .empty(file: name) }
        guard let file = try? SnapshotFile(decoding: content) else { throw .malformed(file: name) }
        if file.data.isEmpty || file.crc == 0 { throw .empty(file: name) }
        let computed = file.data.withUnsafeBytes { crc32c_update(0, $0.baseAddress, $0.count) }
        if computed != file.crc {
            throw .checksumMismatch(file: name, expected: file.crc, computed: computed)
        }
        guard let snapshot = try? RaftSnapshot(decoding: file.data) else {
            throw .malformed(file: name)
        }
        return snapshot
    }

    private func readAll(_ path: String) throws(DiskError) -> [UInt8] {
        let file = try disk.open(path, .read)
        defer { file.close() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: try file.size(), alignment: 16)
        defer { buffer.deallocate() }
        let count = try file.read(into: buffer, at: 0)
        return Array(buffer[..<count])
    }
}
